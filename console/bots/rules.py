"""Where a mistake harms, rules that people can read decide: distress, dispute, wrong person, opt-out, a third person.

Pure, on normalised words. Each rule may add labels, take some away, or say that one stands alone; the first rule in
the table that stands alone ends it. The tables are in `harm` (life and violence) and here (the rest).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from console.bots import harm
from console.bots.vocabulary import only_of

_LESS_OFTEN = r"(?:\w+ ){0,3}?"
_DEBT = (
    "(?:deuda|cargos?|cobros?|creditos?|prestamos?|adeudos?|obligacion|compras?|consumos?|monto|factura|recibo|saldo|"
    "gastos?|movimientos?|transaccion|transacciones|mora)"
)
_KIN = (
    "(?:mama|papa|madre|padre|hij[oa]s?|esposa?|marido|mujer|herman[oa]|abuel[oa]|ti[oa]|sobrin[oa]|suegr[oa]|cunad[oa]|"
    "prim[oa]|pareja|novi[oa]|senora?|viej[oa]|ex|vecin[oa]|jef[ae]|amig[oa]|patron|socio|conyuge|familiar|niet[oa])"
)
_BOND = "(?:aval|garante|fiador|fiadora|codeudor|codeudora|avalista|deudor solidario)"
_REACH = (
    "(?:escriba[ns]?|escribas|escribirme|escribirnos|escribiendo|escribir|llamen|llames|llame|llamarme|llamar|llamando|molesten|molestes?|molestarme|"
    "molestar|molestando|contacten?|contactes|contactarme|marquen|marques?|marcarme|marcar|marcando|busquen|insistan?|insistas|hablen|"
    "fastidien|frieguen|jodan|jodas|chinguen|hinchen|rompan|webeen)"
)
_SENDING = "(?:manden?|mandes|mandando|mandarme|mandar|envien?|envies|enviando|enviarme|enviar)"


class Rule(msgspec.Struct, frozen=True):
    """What follows when `pattern` is found in the normalised text and `unless` is not."""

    name: str
    pattern: str
    adds: tuple[str, ...] = ()
    drops: tuple[str, ...] = ()
    unless: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """What the rules say of a message: labels that hold, labels that do not, and the names of the rules that spoke."""

    adds: tuple[str, ...]
    drops: frozenset[str]
    names: tuple[str, ...]
    alone: bool = False


RULES: tuple[Rule, ...] = (
    # -- Traps: words that sound like something else.
    Rule(
        "wants to go on hearing from us",
        r"\bno (?:quiero |quisiera |deseo )?(?:dejar|dejen|deje|dejes) de (?:recibir|escrib\w+|llam\w+|mand\w+|avis\w+|envi\w+)",
        drops=("opt_out",),
    ),
    Rule(
        "smaller instalments",
        r"\b(?:bajar?|bajen|baje|bajas|bajan|bajarme|bajenme|bajame|reducir|reduzcan)\b.{0,30}\b(?:cuotas?|letras?|interes\w*|mensualidad\w*|monto|pagos?|valor)\b",
        adds=("payment_plan",),
        drops=("opt_out",),
    ),
    Rule(
        "does not want to be put through",
        r"\bno (?:me |quiero que me |deseo que me )(?:comuni\w+|transfier\w+|pasen? con|pase con|deriv\w+)",
        adds=("deny",),
        drops=("opt_out", "human"),
    ),
    Rule(
        "does not want to talk",
        r"\bno (?:quiero|deseo|necesito|me interesa|pienso|voy a) (?:hablar|conversar|platicar)\b",
        adds=("deny",),
        drops=("opt_out", "human"),
        unless=r"(?:maquina|robot|bot|grabadora|contestadora)|(?:hablar|conversar|platicar) por (?:aqui|aca|chat|mensajes?|este medio)|\bpero\b|\b(?:pase|pasame|llame|llamen|quiero (?:una|un|que))",
    ),
    Rule(
        "does not want an adviser",
        r"^(?:no |gracias )*(?:quiero|deseo|necesito) (?:un |una |ningun |ninguna |el |al )?(?:asesora?|agente|persona|ejecutiv[oa]|abogado)\W*$",
        adds=("deny",),
        drops=("human", "opt_out"),
        unless=r"^(?!.*\bno\b)|\bno (?:gracias )?,",
    ),
    # -- Leave me alone.
    Rule("no more messages", rf"\b(?:no|ni|nunca|jamas) {_LESS_OFTEN}{_REACH}\b", adds=("opt_out",), drops=("deny", "human"),
         unless=r"\b(?:no (?:se )?si|no (?:quiero )?dej\w+ de|no (?:me )?pued\w+|no pude|no he podido|no logro|por ?que no|no encuentro|no (?:voy|puedo|quiero|deseo|tengo) (?:a |que )?(?:llamar|marcar|escribir|molestar)\b|no (?:quiero|quisiera|queria|quise) molestar\w*|no se a|no insisto)|dijo|como (?:hago|se dice)"),
    Rule("nothing more sent", rf"\b(?:no|ni|nunca|jamas) (?:\w+ )?(?:\w+ )?(?:\w+ )?{_SENDING} (?:\w+ )?(?:mas|mensajes?|nada|whatsapp|publicidad|tantos|informacion)\b",
         adds=("opt_out",), drops=("deny",), unless=r"por ?que no|no me (?:han|estan)"),
    Rule("no more of these", r"\b(?:no (?:quiero|deseo)|ya no (?:quiero|deseo)|no) (?:recibir )?(?:\w+ )?(?:mas )?(?:mensajes|llamadas|notificaciones|recordatorios|avisos)(?: mas)?\b", adds=("opt_out",), drops=("deny",),
         unless=r"dejar de|no (?:leo|veo|me llegan|recibi|recibo|entiendo)|\bno mensajes de voz"),
    Rule("stop it", r"\b(?:dejen?|dejes|deja|dejar|dejame|dejeme|dejenme|paren?|paralen|basta|cesen|terminen|eviten?|favor de no|abstenganse) (?:ya )?(?:de |con )?(?:estar )?(?:escrib\w+|llam\w+|molest\w+|mand\w+|marc\w+|contact\w+|envi\w+|insist\w+|fastidi\w+|fregar|joder|hinchar|chinga\w+|romper|busca\w+|webiar|los mensajes|las llamadas|mensajes)",
         adds=("opt_out",), unless=r"no (?:quiero )?dej\w+ de|dejar? de (?:llamar|marcar)? ?\?"),
    Rule("in peace", r"\b(?:dejen?|deje|dejame|dejeme|dejenme|dejanos) (?:ya )?(?:en paz|tranquil[oa]s?|quiet[oa]|de (?:joder|molestar))", adds=("opt_out",)),
    Rule("off the list", r"\b(?:borr|elimin|saqu|sac[aoe]|quit|retir|remuev|desuscrib|dar de baja|den de baja|suprim)\w*\b.{0,25}\b(?:mi (?:numero|contacto|celular|telefono|nombre)|mis datos|este numero|(?:de )?(?:su|la|esa|las|esta|sus) (?:lista|listas|base|registros?|contactos|sistema|agenda)|numero de (?:ahi|su))",
         adds=("opt_out",), unless=r"buro|infocorp|dicom|datacredito|veraz|centrales? de riesgo|lista negra|\b(?:sacaron|saque|saco|quitaron)\b|como (?:saco|hago)"),
    Rule("take me off", r"^(?:\w+ ){0,3}?(?:borrenme|borreme|borrame|eliminenme|elimineme|eliminame|saquenme|saqueme|sacame|desuscrib\w+|unsubscribe)\W*(?:de (?:aqui|ahi|esto|una|todo))?\W*$", adds=("opt_out",)),
    Rule("unsubscribed", r"\b(?:dar(?:me|nos)?|den(?:me)?|deme|dame|dese|darse|solicito(?: la)?|quiero(?: la)?) (?:de )?baja\b", adds=("opt_out",), drops=("deny",),
         unless=r"servicio|tarjeta|seguro|linea|internet|plan|poliza|producto|la cuenta|mi cuenta"),
    Rule("one word to stop", r"^(?:por favor )?(?:baja|stop|alto|basta(?: ya)?|unsubscribe|cancelar suscripcion|cancelar mensajes|no molestar|no mas(?: mensajes| llamadas)?|salir de la lista)(?: (?:por favor|ya|gracias))*[ .]*$", adds=("opt_out",), drops=("deny", "payment_link", "affirm")),
    Rule("blocks us", r"\b(?:l[oae]s?|te|numero) (?:voy a |vamos a |tengo que |tendre que |estoy )?bloque\w+|\bbloquead[oa]s\b", adds=("opt_out",), unless=r"(?:tarjeta|cuenta|me) (?:bloque|la tienen)|bloqueada? (?:la|mi) (?:tarjeta|cuenta)"),
    Rule("takes consent back", r"\bno (?:les |le |te |doy )?autoriz\w+ (?:\w+ ){0,4}(?:datos|numero|contact\w+|escrib\w+|llam\w+|mensajes|tratamiento|whatsapp|medio)|\b(?:revoco|retiro) mi (?:consentimiento|autorizacion)", adds=("opt_out",), drops=("deny", "dispute")),
    # -- Not the one we look for.
    Rule("wrong number", r"\b(?:numero|nro|persona|contacto|destinatario) (?:\w+ )?(?:equivocad[oa]|errone[oa]|errad[oa]|incorrect[oa])|\b(?:equivoc\w+|confund\w+|err\w+|pifi\w+) (?:usted )?(?:de|el) (?:numero|persona|contacto|telefono)|\b(?:esta|estan|estas) (?:muy )?equivocad[oa]s?(?: \w+)?\W*$|^(?:te |se |creo que (?:te|se) |ud se )?(?:equivocaste|equivoco|equivocaron|equivocad[oa])\W*$|^(?:le |te )?(?:erraste|pifiaste)",
         adds=("wrong_person",), drops=("deny", "dispute", "other"), unless=rf"monto|cobro|deuda|saldo|calculo|\bno (?:les? )?debo|{_BOND}"),
    Rule("not me", r"\bno soy (?:yo|esa|ese|la persona|la indicada|el indicado|quien (?:busca|cree|dice)|el que|la que|el senor|la senora|(?:el |la )?titular|ella|el$|el \.|la duena|el dueno)|\bno me llamo\b|\bno es mi nombre|\b(?:esa?|ese|este|esta) no soy yo|\bsoy otra persona|\b(?:con|buscan?) (?:a )?otra persona",
         adds=("wrong_person",), drops=("deny", "affirm"), unless=rf"{_BOND}|otra persona (?:que|me) (?:me )?atiend|hablar con otra|paseme|pasame"),
    Rule("does not know them", r"\b(?:no|ni) (?:l[oae]s? |te |distingo )?(?:conozco|distingo|ubico)\b(?! (?:esa|la|esta|ninguna|su|los|el|ese|este|nada|las) (?:deuda|obligacion|cargo|cobro|credito|empresa|requisitos|procedimiento|prestamo|tema|app|pagina|oficina|compra|consumo|direccion))|\bno se quien es (?:es|el|ella)?",
         adds=("wrong_person",), drops=("dispute", "deny", "other"), unless=r"no (?:la|lo|los|les) conozco (?:a )?(?:ustedes|usted)|no (?:re|des)conozco|quien es (?:usted|ustedes|el encargado)"),
    Rule("does not live or work here", r"\b(?:no|ya no) (?:vive|trabaja|labora|usa|tiene|se encuentra)\b.{0,20}\b(?:aqui|aca|mas|numero|celular|persona|linea)|\b(?:aqui|aca|aya) (?:ya )?no (?:vive|trabaja|es|hay (?:nadie|ningun))|^(?:no vive|ya no vive|vivia)\b",
         adds=("wrong_person",), drops=("deny",), unless=r"link|cuenta"),
    Rule("the number changed hands", r"\b(?:numero|celular|chip|linea|telefono|sim)\b.{0,20}\b(?:no es de|ya no (?:es|le|la|me) |ahora es mi[oa]|le pertenecia|era de (?:otra|otro)|cambio de dueno|no pertenece|no le pertenece|no corresponde|lo compre|la compre|hace poco)|\b(?:no es|ya no es) (?:el |su )(?:numero|celular|telefono) de\b|\bno es (?:mas )?su (?:numero|celular|telefono)|\b(?:ya )?no le pertenece",
         adds=("wrong_person",), drops=("deny", "dispute"), unless=r"cambie de (?:numero|celular)|numero de (?:cuenta|contrato|operacion)"),
    Rule("only a reference", r"\b(?:de|como|soy|solo|su|una|la) (?:su |la |una |solo )?referencia\b(?! (?:de pago|bancaria|para))", adds=("wrong_person",), drops=("deny", "payment_link"),
         unless=r"\b(?:genera\w*|manda\w*|envi\w*|pasa\w*|pagar?|deposit\w+|oxxo|spei|banco|con que|codigo|numero de|cual es|liga|clave)\b"),
    Rule("speaks for somebody", rf"^(?:\w+ ){{0,4}}?(?:soy|habla|le habla|yo soy|hablas con|habla con) (?:solo |un |una |el |la |su |nada mas )*{_KIN}(?: de (?:el|ella|juan|\w+))?\b",
         adds=("wrong_person",), unless=rf"\bcuanto\b|\bsaldo\b|\bpagar\b|\bdeuda\b|\bpago\b|{_BOND}|\bsoy (?:madre|padre|viud[oa]|papa|mama)\b|\binfo|\bestado de|murio|fallec|\bel (?:esta|se encuentra) (?:en el hospital|enfermo|grave)"),
    # -- Not my debt.
    Rule("does not recognise it", rf"\b(?:no|nunca) (?:les |lo |la |le )?reconozco|\bdesconozco\b(?! (?:el |la |los |las |como |donde |cuanto |cuando |que )?(?:horario|fecha|vencimiento|numero de cuenta|proceso|motivo|como|donde|cuando|cuanto|persona|senor\w*|quien))|\bno conozco (?:esa|la|esta|ese|este|el|ninguna|ningun) {_DEBT}",
         adds=("dispute",), drops=("wrong_person", "deny", "balance")),
    Rule("not my debt", rf"\b(?:{_DEBT}|eso|eso ni|esa cuestion)\b.{{0,15}}\bno (?:es|son) (?:mi[oa]s?|de mi persona|nuestr[oa])\b|\bno (?:es|son) (?:mi|mis|una) {_DEBT}|\bno es {_DEBT} mi[oa]|\bno me corresponde\b|\bno corresponde (?:el |la |ese |esa |ningun )?{_DEBT}|\b{_DEBT} no correspond\w+",
         adds=("dispute",), drops=("wrong_person", "deny", "balance")),
    Rule("owes nothing", r"\b(?:no|nunca|tampoco) (?:les? |te |l[oa] )?(?:debo|adeudo|debemos|he debido)(?: (?:nada|ni|ningun\w*|dinero|plata|eso|un|algo|a)\b|\W*$)|\bno (?:tengo|tenemos|mantengo|poseo) (?:ninguna |ningun |nada |alguna )?(?:deuda|adeudo|prestamo|credito|obligacion|pendiente)s?\b|\bno tengo nada (?:pendiente )?con (?:usted|uds|esa|esta|ese)|\bno tengo (?:tarjeta|cuenta|contrato|nada) con (?:usted|uds|esa)",
         adds=("dispute",), drops=("deny", "balance", "wrong_person"), unless=r"\?|\b(?:ya )?(?:pague|cancele|liquide|salde|pagado|abone|deposite|cancelad[oa])\b|^ya no debo|\byo ya no debo|constancia|carta|certificado|quiero saber|como se si"),
    Rule("never asked for it", rf"\b(?:no|nunca|jamas|ni) {_LESS_OFTEN}(?:saque|sacado|pedi|pedido|solicite|solicitado|firme|firmado|contrate|contratado|adquiri|adquirido|autorice|autorizado|compre|comprado|recibi|desembols\w+|prestaron|presto) (?:\w+ )?(?:\w+ )?(?:ningun\w*|prestamos?|creditos?|tarjeta|nada|contrato|eso|es[ea]|seguro|servicio|producto|dinero|plata|es[oa]s compras?|cargo|deuda|con)\b|\bno hice (?:ese|esa|esas|esos|ningun|ninguna) (?:compras?|consumos?|cargos?|pedido|movimientos?)|\bno lo hice yo\b.{0,5}$",
         adds=("dispute",), drops=("deny", "wrong_person"), unless=r"no (?:he )?recibi\w* (?:el|la|mi|ningun|un) (?:link|enlace|mensaje|correo|estado|recibo|codigo|respuesta)"),
    Rule("charged wrongly", r"\b(?:cobr\w+|factur\w+|descont\w+|debit\w+)\b.{0,20}\b(?:de mas|doble|dos veces|2 veces|duplicad[oa]|indebid[oa]|algo que no|lo que no|cosas que no|que no (?:debo|es|hice|reconozco|contrate|compre|corresponde|consumi|use)|mal\b|otra vez lo)|\b(?:cobro|cargo)s? (?:indebid|excesiv|duplicad|injust|errad|incorrect|no autorizad|que no)|\bintereses? (?:mal|indebid)",
         adds=("dispute",), drops=("balance", "deny"), unless=r"\b(?:hablan|tratan|atienden) mal\b|pague dos veces"),
    Rule("the sum is wrong", r"\b(?:monto|saldo|deuda|factura|cobro|valor|recibo|numero|cuenta|interes\w*|importe|cantidad|total)\b.{0,15}\b(?:mal|errad[oa]|equivocad[oa]|inflad[oa]|incorrect[oa]|no (?:es|son) (?:el |la |lo )?(?:correct|que|exact)\w*|no (?:me )?cuadra\w*|no coincid\w+)\b|\b(?:error|equivocacion) en (?:mi|la|el|su) (?:cuenta|factura|cobro|deuda|saldo|monto|estado|recibo)|\bno (?:estoy|estamos) (?:de acuerdo|conformes?) con (?:el |la |los |las |ese |esa |esos |esas |lo )(?:monto|cobro|deuda|valor\w*|que me cobran|intereses|cargo\w*|saldo|factura|suma|importe)",
         adds=("dispute",), drops=("balance", "deny", "wrong_person"), unless=r"numero (?:equivocado|incorrecto|errado)|numero de cuenta|\bcuenta (?:esta )?mal (?:el )?(?:cbu|cci)?\?|me siento|estoy mal"),
    Rule("somebody else did it", r"\bsuplant\w+|\b(?:robo|robaron|usurp\w+|hurtaron) (?:de |la |mi |me la )?identidad|\bclon(?:aron|ada|o)\b|\b(?:sacaron|saco|hizo|hicieron|pidieron|abrieron) .{0,30}\b(?:a mi nombre|con mi (?:dni|cedula|ine|rut|nombre|documento|identidad)|con mis datos|sin mi (?:permiso|consentimiento|autorizacion))|\b(?:usaron|uso|utilizaron) (?:mi (?:dni|cedula|ine|rut|nombre|identidad|documento)|mis datos)",
         adds=("dispute",), drops=("identity_answer", "wrong_person")),
    Rule("too old", r"\bprescri(?:bio|ta|to|pta|pto|be)\b|\b(?:impugn|objet)(?:o|ar|amos)\b|\bcaduco la deuda", adds=("dispute",), drops=("deny",), unless=r"\?|cuando prescribe|en cuanto"),
    Rule("stands surety", rf"\b(?:solo|soy|fui|como|firme|sali|salio|siendo|el|la|yo|de) (?:el |la |un |de |solo |nomas |como )*{_BOND}\b", adds=("dispute",), drops=("wrong_person", "deny"),
         unless=r"\b(?:cuanto|como pago|quiero (?:pagar|ser|poner|cambiar))\b|\bnecesito\b|sin (?:aval|garante)|piden|pueden? ser"),
    # -- Somebody else's balance.
    Rule("a third person's balance", rf"\b(?:cuanto|que|lo que) (?:les |le )?(?:debe|adeuda|esta debiendo)\b(?! (?:ser|estar|usted))|\b(?:saldo|deuda|cuenta|monto|credito|prestamo) (?:que tiene |pendiente )?(?:de|del) (?:mi|su|la senora|el senor|otra) {_KIN}",
         adds=("balance",), drops=("wrong_person", "affirm", "other"), unless=r"no es mi[oa]|\bno (?:vive|conozco)\b|la deuda es de|murio|fallec"),
)  # fmt: skip

_COMPILED = tuple((rule, re.compile(rule.pattern), re.compile(rule.unless) if rule.unless else None) for rule in RULES)


def verdict(words: Sequence[str]) -> Verdict:
    """What the rules say of a message's normalised `words`."""
    text = " ".join(words)
    danger = harm.found(text)
    adds = ["distress"] if danger else []
    drops: set[str] = {"distress"} if not danger and harm.is_idiom(text) else set()
    names = [danger] if danger else []
    if not danger and (alone := only_of(words)):
        return Verdict(adds=(alone,), drops=frozenset(), names=(f"nothing but {alone}",), alone=True)
    for rule, pattern, unless in _COMPILED:
        if pattern.search(text) and not (unless and unless.search(text)):
            adds.extend(rule.adds)
            drops.update(rule.drops)
            names.append(rule.name)
    kept = tuple(label for label in dict.fromkeys(adds) if label == "distress" or label not in drops)
    return Verdict(adds=kept, drops=frozenset(drops - {"distress"} if danger else drops), names=tuple(names))
