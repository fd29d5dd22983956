"""What words are about: the slang of five countries folded into the few ideas a debtor's message turns on.

A word with * at its end stands for every word that begins so.
"""

from __future__ import annotations

from functools import lru_cache

from console.bots.normalise import sound

_IDEAS = {
    "NO": "no ni nunca jamas tampoco nada ningun ninguna nadie",
    "ASK": "que cual cuales quien quienes",
    "WHEN": "cuando fecha fechas plazo dia dias",
    "HOWMUCH": "cuanto cuanta cuantos monto importe valor total suma cantidad saldo saldos balance",
    "HOW": "como",
    "WHERE": "donde lugar sitio",
    "OWE": "debo debe debemos deber debiendo deuda deudas adeudo adeudos adeudado deudor mora atraso atrasado pendiente pendientes moroso cartera",
    "PAY": "pago pagar pagos pagare pagarlo pagarla pagarles pagarle pagando pague paguen cancelo cancelar cancelarla cancelarlo cancelare cancele cancelacion liquidar "
    "liquido liquidarlo liquidarla saldar salda abonar abono abonos abonare deposito depositar depositarle depositare transferir transfiero consignar consigno consignacion "
    "pagarte pagaria abonaria paga pagas cancelarle cancelaria ponerme cubrir amortizar girar yapear yapearle plinear",
    "PAID": "pagado pagada pagamos abone abonado cancelado cancelada deposite depositado depositamos transferi transferido liquide liquidado liquidada salde "
    "saldado yapee yapeado consigne consignado pagaron pagado deposito pagaste plinee gire",
    "PROOF": "comprobante voucher recibo baucher boucher vaucher captura capture constancia soporte ticket pantallazo foto screenshot boleta",
    "LINK": "link links enlace enlaces liga linc lik lins url qr codigo cupon boton",
    "BROKEN": "abre abrir funciona funca expiro vencio caduco caducado error carga sirve invalido falla roto",
    "SEND": "manda mande mandame mandeme mandar manden mandenme envia envie enviame envieme enviar envien pasa pasame pase paseme pasen pasar dame deme den "
    "genera generar generame genereme comparte compartir compartame facilite facilitar reenvia reenviar reenvieme reenviame mandas envias pasas tirame larga",
    "CHANNEL": "yape plin oxxo pse nequi daviplata efecty mercadopago mercado spei clabe cbu cvu alias rapipago pagofacil servipag webpay bcp bbva interbank "
    "bancolombia davivienda banco bancos cuenta cuentas cci transferencia transferencias tarjeta efectivo ventanilla agente corresponsal baloto app web "
    "caja cajas khipu mach tenpo uala cuentarut banamex banorte santander coppel spin bodega kasnet agentes billetera debito deposito medios formas canales",
    "DUE": "vence vencen vencia vencimiento vencer vencio vencida vencido corte limite tope caduca",
    "PLAN": "cuota cuotas cuotita cuotitas mensualidad mensualidades partes parcialidades parciales fraccionar fraccionamiento refinanciar refinanciacion refinanciamiento "
    "refinancien reestructurar reestructuracion convenio convenios acuerdo acuerdos arreglo arreglar plan planes facilidad facilidades negociar negociacion repactar reprogramar reprogramacion diferir "
    "acomodar repactacion prorratear partecitas pagitos",
    "LESS": "descuento descuentos rebaja rebajar rebajan rebajen descontar descuenten quita condonar condonen condonacion bajar baje bajen bajan bajarme promocion oferta campana menos intereses",
    "PROMISE": "prometo comprometo compromiso promesa pagare depositare cancelare abonare transferire apenas quincena cobre cobro paguen depositen viernes lunes martes "
    "miercoles jueves sabado domingo manana pronto mes",
    "WAIT": "espere esperen espera esperame espereme esperenme tiempo plazo prorroga aguante aguanteme aguantenme chance paciencia dias tantito",
    "MONEY": "dinero plata lana guita feria billete billetes lukas luca lucas varo varos mango mangos pasta quincho gamba gambas fondos efectivo biyuya soles pesos",
    "WORK": "trabajo chamba laburo pega camello jale empleo trabajar chambear laburar trabajando sueldo salario chambita camellar",
    "LOST": "perdi perdio quede despidieron echaron corrieron botaron desempleado desempleada desocupado desempleo cesante cesaron liquidaron cerraron quebro quebre desvincularon",
    "ILL": "enfermo enferma enfermedad hospital hospitalizado hospitalizada internado internada internaron operaron operado operada operacion cancer cirugia accidente accidentado clinica "
    "salud dialisis quimio covid infarto diabetes tratamiento uci medicinas medicamentos fractura derrame",
    "DEATH": "murio fallecio fallecido fallecida muerte difunto difunta finado finada velorio funeral sepelio luto duelo entierro deceso viuda viudo fallecimiento muerto muerta",
    "FAMILY": "mama papa madre padre hijo hija hijos esposo esposa marido mujer hermano hermana abuela abuelo tio tia sobrino sobrina suegra suegro cunado primo prima nieto "
    "conyuge pareja novio novia mami papi bebe exesposo ex familiar pariente",
    "HARM": "suicidar suicidarme suicidio suicidarse matarme matar matarse mato morir morirme muerta vivir vida ahorcarme ahorcar cortarme veneno pastillas puente existir desaparecer",
    "HIT": "pega pegan pego golpea golpean golpeo golpes maltrata maltrato violencia abusa abuso amenaza amenazo arma pistola cuchillo secuestrado encerrada encerro",
    "STRANGER": "conozco equivocado equivocada equivocaron equivocados pertenece equivocando equivoca confundido confunden confundieron titular dueno duena anterior",
    "REFERENCE": "referencia referencias aval garante codeudor fiador fiadora avalista conocido vecina companero jefa jefe excompanero",
    "DISPUTE": "reconozco desconozco fraude suplantacion suplantaron clonaron clonada identidad contrate solicite firme pedi saque adquiri injusto indebido indebida corresponde "
    "mia mio disputa disputar impugnar impugno objeto objecion disputo duplicado doble",
    "STOP": "escriban escriba escribas escribir escribirme escribiendo manden molesten moleste molestes molestar contacten contacte contactarme contactar llamen llame llamar "
    "llamarme insistan insista dejen deje deja dejar paren pare parar basta stop baja borren borrenme borrame borrar eliminen eliminenme eliminar saquenme saquen sacarme "
    "quiten quitenme bloquear bloqueo bloqueare unsubscribe desuscribir desuscribirme suscripcion mensajes acosar lista datos",
    "PERSON": "persona asesor asesora agente agentes ejecutivo ejecutiva humano humana operador operadora representante supervisor supervisora encargado encargada alguien gerente "
    "funcionario funcionaria gestor gestora cobrador analista administrador persona",
    "TALK": "hablar hablo hable conversar comunicarme comunicar comuniquenme comuniqueme comuniquen comunicame contactarme llamada llamadas llamen llamenme llamame llameme llame atienda atiendan "
    "atiendeme atender platicar marquen marquenme marcar marcame marqueme transferirme derivar deriven pasame conecte",
    "COMPLAIN": "queja quejas quejarme reclamo reclamos reclamar reclamacion denuncia denunciar denunciare denuncio demanda demandar demandare acoso acosando acosan hostigamiento hostigan "
    "hostigando indecopi condusef profeco sernac sic superintendencia superfinanciera procon cmf bcra defensa abogado abogados legal grosero groseros groseria maltrato "
    "falta respeto irrespetuosos abusivo abusivos abuso sinverguenzas amenazas amenazan amenazando ilegal usureros rateros ladrones estafadores inoperantes incompetentes",
    "INSULT": "idiota idiotas imbecil imbeciles estupido estupidos estupida pendejo pendejos cabron cabrones mierda carajo hijueputa hdp malparidos malparido gonorrea maldito malditos "
    "conchatumadre csm ctm mrd chingar chinguen verga puta putas putos culero culeros basura ratas rata pelotudos forros webones jodan joder joda jodas",
    "HOURS": "horario horarios hora horas atienden atencion atender abren abierto abiertos cierran cierra abre feriado feriados sabados domingos oficina oficinas",
    "ID": "dni cedula cc curp rut rfc documento cuit cuil ine identificacion naci nacimiento digitos ultimos clave",
    "SCAM": "estafa estafadores fraude phishing seguro confiable verdad robot bot maquina legitimo falso",
    "YES": "si claro ok acepto perfecto acuerdo correcto confirmo confirmado dale bueno exacto efectivamente afirmativo obvio listo vale supuesto conforme hecho va",
    "REFUSE": "niego rechazo imposible interesa negativo acepto quiero puedo",
    "HELLO": "hola buenos buenas dias tardes noches saludos tal saludo",
    "THANK": "gracias agradezco agradecido agradecida bendiga bendiciones amable",
    "NOW": "ahora ahorita hoy ya mismo inmediato toque",
    "WANT": "quiero quisiera deseo necesito requiero gustaria podria puede pueden puedo podrian ocupo interesa quieren",
    "MY": "mi mis mio yo me",
    "THIRD": "su sus el ella suegra vecino",
}  # fmt: skip


@lru_cache(maxsize=8192)
def ideas(word: str) -> tuple[str, ...]:
    """What `word` (as it sounds) is about; most are about nothing."""
    return _OF.get(word, ())


def _by_sound() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for idea, words in _IDEAS.items():
        for word in dict.fromkeys(words.split()):
            about = found.setdefault(sound(word), [])
            if idea not in about:
                about.append(idea)
    return {word: tuple(about) for word, about in found.items()}


_OF = _by_sound()
