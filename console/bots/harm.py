"""Words of somebody in danger: self-harm, a threat to life, violence at home. Not idioms; when in doubt, danger.

Pure, on normalised text. It is better to alarm a supervisor once too often.
"""

from __future__ import annotations

import re

_BY = (
    "(?:esposo|marido|pareja|novio|novia|conviviente|concubino|ex|exesposo|exmarido|expareja|papa|padre|padrastro|hijo|hermano|viejo|companero|"
    "mujer|esposa|suegro|tio|senor|papa de mis hijos|mama|madre|hombre|tipo|cunado|abuelo|primo|madrastra)"
)
_BEATS = (
    "(?:pega|pego|pegan|pegaba|pegaron|golpea|golpeo|golpean|golpearon|golpeaba|golpia|maltrata|maltrato|maltratan|agrede|agredio|agreden|viola|violo|violaron|abusa|abuso|"
    "ahorca|ahorco|tiene encerrad[oa]|tienen encerrad[oa]|encerro|amenaza|amenazo|tiene amenazad[oa]|quiere matar|va a matar|intento matar|iba a matar|quiso matar|"
    "caga a|re pega|persigue|acuchillo|apunalo|lastima|lastimo|patea|pateo|cachetea|jalonea|empuja|quemo|no (?:me )?deja salir|toca)"
)
_GROUPS = "(?:quiero|queria|voy a|pienso|pensaba|quise|podria|deberia|he querido|he pensado en|intente|trate de|iba a|vamos a|provoca|dan ganas de|da ganas de|va a tocar|toca|toco)"

DANGER: tuple[tuple[str, str], ...] = (
    (
        "wants to die",
        rf"\b(?:me|nos) {_GROUPS} (?:\w+ ){{0,2}}?(?:matar|morir|suicidar|ahorcar|colgar|envenenar|quemar viv[oa]|cortar las venas|quitar la vida|"
        r"tirar (?:de|del|al|a la|a las|por|abajo|desde)|lanzar (?:de|del|al|a la|por|desde)|aventar|arrojar|pegar un|dar un (?:tiro|balazo)|hacer dano|lastimar|prender fuego|disparar|ir de este mundo|desaparecer)",
    ),
    (
        "speaks of killing oneself",
        r"\b(?:matarme|matarse por|suicid\w+|suisid\w+|ahorcarme|colgarme|envenenarme|quitarme la vida|cortarme las venas|cortarme l[oa]s|hacerme dano|autolesion\w*|dispararme|volarme la cabeza|"
        r"tirarme (?:de|del|al|a la|por|abajo|desde)|lanzarme (?:de|del|al|a la|por|desde)|aventarme|me (?:estoy )?cort(?:o|e|ando) (?:l[oa]s|mis|las venas|los brazos)|cort(?:e|o) las venas|me estoy cortando|me hago dano|me lastimo)\b",
    ),
    ("kills oneself", r"\bme mat[oe]\b(?! (?:trabaj|estudi|de (?:risa|la risa|hambre)|chamb|labur))|\bme (?:tiro|lanzo|aviento|arrojo) (?:de|del|al|a la|a las|por|abajo|desde)\b|\bme (?:pego|doy|meto) un (?:tiro|balazo|corchazo|plomazo)"),
    (
        "no wish to live",
        r"\b(?:no|sin|para que|cans\w+ de|harto de|harta de|ganas de|caso a|dejar de|sentido) (?:\w+ ){0,3}?(?:vivir(?! (?:con|en|ahi|aqui|aca|alla))|viviendo(?! (?:con|en|ahi|aqui|aca|alla))|bivir|existir|existiera|despertar|despertarme|despertara|despierte|estar viv[oa]|seguir (?:aqui|con (?:mi|esta) vida)|esta vida)\b",
    ),
    (
        "would rather be dead",
        r"\b(?:quiero|kiero|quisiera|prefiero|prefiriria|mejor|ojala|ojala me|deseo|ganas de|pienso en|piense en|pensando en|pensado en|pensar en|solo queda|pensamientos de|ideas de|intentos? de) (?:\w+ ){0,3}?"
        r"(?:morir|morirme|muert[oa]|me muero|me muera|la muerte|muerte|dormir y no|desaparecer|no despertar\w*|no despierte|descansar para siempre|irme (?:de este mundo|al cielo|con mi)|matarme|suicid\w+)\b",
    ),
    ("to end it all", r"\b(?:acabar|terminar|poner fin|acabo|termino|poner punto final)(?: (?:con|a))? (?:con |a )?(?:todo(?! (?:lo que|de pagar|este tramite|el pago))|mi vida|mi existencia|mi sufrimiento|esta vida)\b"),
    (
        "life without worth",
        r"\b(?:vida|vivir|seguir|nada)\b.{0,25}\b(?:no|ni|sin) (?:\w+ )?(?:tiene sentido|vale nada|tiene caso|sentido|vale la pena)|\bno (?:tiene|encuentro|veo|le (?:veo|encuentro|hallo)) (?:\w+ )?(?:sentido|caso|salida) (?:a )?(?:seguir|vivir|la vida|mi vida|nada)|\bno vale la pena (?:vivir|seguir)|"
        r"\bmejor sin mi\b|\bsi yo no (?:estuviera|existiera)|\bsi no (?:estuviera|existiera) (?:yo|aqui)?|\bsoy un(?:a)? (?:carga|estorbo)\b|\bno (?:voy|vamos) a estar mas|\bno (?:le )?(?:hago|haria) falta a nadie",
    ),
    ("end of one's strength", r"^(?:ya |la verdad |es que |yo |de verdad |por favor )*no (?:aguanto|doy|soporto|puedo|resisto) mas(?: (?:asi|esto|con esto|con (?:mi|la|esta) vida|mi vida|la vida|vivir|con todo))?[ .,]*$|\bno (?:aguanto|soporto|puedo) mas (?:con )?(?:mi|la|esta) vida"),
    ("a farewell", r"\bme (?:despido|voy) (?:de (?:este mundo|todos|la vida)|para siempre)|\bcarta (?:de despedida|para mi familia|suicida)|\b(?:adios|chau) (?:mundo|a todos|para siempre)|\b(?:es|sera) mi ultim[oa] (?:dia|noche|mensaje|vez)\b|\bultimo dia (?:de mi vida|en (?:este mundo|la tierra))|\bcuiden a mis hijos|\b(?:mi|a mi) (?:tumba|cadaver)\b|\bencuentren muert[oa]|\bel final de mi vida"),
    ("a means at hand", r"\b(?:tengo|compre|ya tengo) (?:\w+ )?(?:la |una |un |el )?(?:soga|veneno|cuerda lista|raticida|pistola en)|\bpastillas (?:en la mano|para (?:no despertar|dormir (?:y no|para siempre)|morir))|\b(?:tome|tomo|tomar|tomado|tragar|trague|tomarme|tomare) (?:\w+ ){0,3}?(?:todas las pastillas|muchas pastillas|veneno|cloro|lejia|raticida|frasco|blister|insecticida)|\b(?:me )?(?:tome|tomar|tomarme|tomo) (?:unas |un monton de |varias |todas (?:las |mis )?|mis )?(?:pastillas|pildoras)(?! (?:de|para|por) (?:la |el |mi |los )?(?:gripe|presion|resfri|dolor|colesterol|diabetes|tiroides|alergia|azucar|tos|corazon|medic|colicos))"),
    ("a high place", r"\b(?:saltar|salto|tirarme|lanzarme|tiro|parado|parada|subid[oa])\b.{0,20}\b(?:puente|azotea|techo|edificio|viaducto|metro|tren|rio|balcon|piso|vias)\b|\bvoy a saltar\b|\bpuentes? mas altos?"),
    ("violence at home", rf"\b(?:mi|el|su|un|del) {_BY}\b.{{0,25}}?\b(?:me|nos) (?:\w+ )?{_BEATS}|\bme (?:\w+ )?{_BEATS} (?:\w+ )?(?:mi|el) {_BY}\b|\bviolencia (?:domestica|familiar|intrafamiliar|de genero|fisica|en (?:mi|la) casa|sexual)|\bsufro (?:de )?(?:vif|violencia|maltrato)|\bperimetral\b|\bme (?:tiene|tienen) (?:encerrad|secuestrad|amenazad)[oa]\b"),
    ("beaten", r"\bme (?:esta|estan|estaba|estaban) (?:pegando|golpeando|maltratando|ahorcando|violando|matando)|^(?:\w+ ){0,2}?me (?:pega|pegan|golpea|golpean|pegaron|golpearon|golpeo|viola|violaron|secuestraron|encerraron)(?: (?:mucho|siempre|todos los dias|feo|en (?:mi|la) casa))?[ .,]*$|\b(?:me violaron|me violo|abusan? (?:sexualmente )?de mi|abusaron (?:sexualmente )?de mi|abuso de mi|me secuestraron)\b"),
    ("a threat to life", r"\b(?:me|nos|lo|la|los) (?:van a|quieren|quiere|va a|iban a|pueden|buscan para|estan buscando para) (?:\w+ )?(?:matar|levantar|secuestrar|desaparecer|acribillar|balear|picar|ejecutar)|\b(?:matar|maten|matan|maton|mataran|mato) a (?:mi|mis|un|una|alguien|toda|su|ese|esa|los|todos)\b|\bamenaz\w+ (?:\w+ )?(?:de muerte|con (?:matar\w*|un arma|un cuchillo|pistola|arma|un machete|una pistola|hacerle dano))|\b(?:muerte|vida)\b.{0,15}\bamenaz\w+ (?:mi|de muerte)|\b(?:temo|miedo) por mi vida|\bmi vida (?:corre|esta en|peligra)|\bmiedo de (?:que me mat|morir)|\b(?:pistola|arma|cuchillo|machete)\b.{0,20}\b(?:me |casa|cabeza|mano)|\b(?:me|nos) (?:apunt\w+|pusieron una pistola)|\b(?:voy|vamos) a (?:usar el arma|hacer una (?:locura|tonteria|estupidez)|cometer una (?:locura|tonteria))|\btengo un arma\b|\bte voy a matar|\b(?:los|las|lo|la|te) (?:voy|vamos) a (?:matar|balear|apunalar)|\bestoy en peligro\b|\bcorro peligro\b"),
    ("cries for help", r"\bauxilio\b|\bllam\w+ a la policia\b|\bayuda\b.{0,15}\b(?:me (?:pega|estan golpe|quieren matar|matan|golpea)|marido|mi esposo)"),
    ("panic", r"\bataque de panico\b|\bno puedo respirar\b|\bcrisis (?:de panico|suicida|nerviosa fuerte)"),
    ("in other tongues", r"\b(?:kill myself|want to die|suicide|don t want to live|end my life|hurt myself|quero morrer|vou me matar|quero me matar|he hits me|beats me)\b"),
    ("death as payment", r"\bsi me muero\b(?! de)|\bmuert[oa] (?:ya )?(?:no )?(?:les|le) (?:debo|pago)|\b(?:cuando|hasta que) (?:me muera|este muert[oa]|me mate|me maten)\b(?! de)|\bmejor me muero\b|\bmejor (?:estaria )?muert[oa]\b|\bhoy se acaba todo\b|\bpor (?:su culpa|culpa de ustedes) me\b.{0,10}\b(?:mat|muer|suicid)"),
)  # fmt: skip
"""Ordered: what it is called in the history, and how it is written."""

_IDIOMS = re.compile(
    r"\b(?:muer[oae]n?|muri|morir|morirme|muert[oa]s?|mat[ao]|mata) de (?:la |el )?(?:verguenza|risa|hambre|sueno|calor|frio|pena|ganas|amor|aburrimiento|sed|cansancio|miedo|nervios|curiosidad|envidia|iras?|colera|roche|emocion)\b|"
    r"\bni (?:muert[oa]|a palos|que me maten)\b|\bmuert[oa] de hambre\b|\b(?:mi )?(?:jefe|jefa) me (?:va a )?mata?r?\b|\b(?:celular|telefono|bateria|carro|auto|moto|internet|laptop)\b.{0,15}\b(?:murio|muert[oa]|mato)|\b(?:murio|muert[oa]|mato)\b.{0,15}\b(?:celular|telefono|bateria|carro|auto|internet|cucaracha|mosca|laptop)\b|"
    r"\bmat(?:ar|o|a|ando) (?:el tiempo|el hambre|la cucaracha)|\b(?:sol|aire|frio|calor|gripe) me (?:pega|pego)|\bme (?:pega|pego|pegan)\b.{0,12}\b(?:sol|aire|gripe|frio|fuerte el|resfrio|covid|la crisis)\b|\bcorte el pelo|\bme mat(?:o|e|a|an) (?:trabaj\w+|estudi\w+|chamb\w+|labur\w+|la curiosidad)|"
    r"\b(?:me (?:va a )?mat(?:a|ar))\b.{0,40}\bjaja\b|\bjaja\b.{0,40}\bme (?:va a )?mat(?:a|ar)\b|\bme matan los (?:intereses|gastos|impuestos)|\bmatar dos pajaros|\bmuert[oa] en vida (?:el|la) (?:app|chat)",
)
_COMPILED = tuple((name, re.compile(pattern)) for name, pattern in DANGER)


def found(text: str) -> str | None:
    """The name of the first kind of danger that normalised `text` speaks of, idioms apart; None if there is none."""
    bare = _IDIOMS.sub(" , ", text)
    return next((name for name, pattern in _COMPILED if pattern.search(bare)), None)


def is_idiom(text: str) -> bool:
    """Whether `text` plays with death as everybody does: "me muero de vergüenza", "ni muerto"."""
    return _IDIOMS.search(text) is not None
