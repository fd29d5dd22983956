"""Words as they are typed in a hurry: abbreviations, run-together words, emoji, and fillers that say nothing."""

from __future__ import annotations

ABBREVIATIONS = {
    short: full
    for full, shorts in {
        "que": "q k ke qe qu",
        "porque": "xq xk pq porq pork xke xque porke pke pq",
        "por": "x",
        "por favor": "porfa porfis xfa xfavor plis pls please plz porfavor porfavo xfis porfi pf pfavor fa favorsito",
        "tambien": "tmb tb tbn tmbn tambn tanbien tamb",
        "donde": "dnd dond ond onde adonde adnd",
        "cuanto": "cto cnto qnto kuanto cuant qanto cuanro cuantl cunto",
        "cuanta": "cta",
        "cuando": "cdo cuand kuando qndo cndo",
        "como": "cm komo cmo",
        "quien": "qn kien qien qin quin",
        "estoy": "toy stoy",
        "esta": "ta sta",
        "estan": "tan stan",
        "estas": "tas",
        "estamos": "tamos",
        "para": "pa",
        "para el": "pal",
        "para que": "paque pq2",
        "de": "d",
        "me": "m",
        "te": "t",
        "gracias": "grax grs grcs grasias graciass thx thanks grac gcias gracais garcias grazie tks",
        "muchas gracias": "mgracias",
        "bien": "bn vien",
        "bueno": "bno weno wueno gueno wena",
        "buenos": "bnos wenos buens",
        "buenas": "bnas wenas buens",
        "dias": "ds diaz",
        "mensaje": "msj msg mnsj mje mensage sms",
        "mensajes": "msjs msgs mjes mensages mjs",
        "whatsapp": "wsp wpp whats wasap guasap wa ws wapp whatsap watsap wats whatsaap guatsap wassap",
        "celular": "cel celu cell movil",
        "numero": "nro num numer",
        "telefono": "tel fono telf tlf",
        "horas": "hr hrs hs",
        "minutos": "min mins",
        "semana": "sem",
        "despues": "dps dsp desp dpues despue dsps",
        "aqui": "aki aka akii",
        "alla": "aya",
        "manana": "mnn mnna mana mnana",
        "fin de semana": "finde",
        "nada": "nd na",
        "informacion": "info infor informasion infromacion",
        "transferencia": "transf transfe transfer tranferencia trasferencia tranf",
        "cuenta": "cnta cuneta",
        "senorita": "srta srita sta",
        "senora": "sra",
        "senor": "sr",
        "a ver": "aver",
        "a la": "ala",
        "a las": "alas",
        "no se": "nose",
        "o sea": "osea",
        "tal vez": "talvez",
        "documento": "doc docu",
        "hasta": "hst asta",
        "ok": "okey okay oki okis okei okk okas okidoki okey",
        "saludos": "slds salu2 sds",
        "trabajo": "trab",
        "pero": "xro pro",
        "mas": "+",
        "hablar": "ablar hablr ablr avlar havlar",
        "hola": "ola holi holis hla olaa hols hello hi hey ey jola holaa holap",
        "quiero": "kiero qiero quero quier qero kero",
        "pagar": "pgar pagr pagra apgar",
        "deuda": "deida dueda deuda deudita",
        "credito": "cred",
        "interes": "int",
        "necesito": "nesecito nececito nesesito necsito nesito",
        "por si acaso": "porsiaca porsiacaso",
        "si no": "sino",
        "de una vez": "dunavez",
        "todavia": "tdv tdvia todabia",
        "aun": "aunn",
        "dinero": "dinerito",
        "voy": "boy voi boi vy",
        "hacer": "aser hacr aser",
        "hay": "ai",
        "ya": "iaa yaa ia",
        "ningun": "ningu",
        "ayuda": "aiuda",
        "no": "nop nope nel noo nanais noup",
        "si": "sip sep sii siii yes simon sipi sipo seee yep",
        "verdad": "vdd verda",
        "espere": "espreme",
        "favor": "fvr",
        "vence": "venze bense vense",
        "debo": "devo dbo",
        "deben": "deven",
    }.items()
    for short in shorts.split()
}
"""What is typed, and what it is short for."""

FILLERS = frozenset(
    ["pe", "pes", "ps", "pue", "pues", "po", "poh", "pos", "wey", "we", "guey", "wei", "parce", "parcero", "che", "boludo", "boluda", "weon", "wn", "hueon", "huevon", "bro", "brother", "mano", "manito", "compa", "carnal", "amix", "amiga", "amigo", "causa", "causita", "pata", "viejo", "vieja", "mijo", "mija", "oe", "oye", "oiga", "oigan", "mire", "mira", "este", "eh", "mmm", "hmm", "em", "um", "uhm", "ejem", "ahh", "ahhh", "oh", "uy", "uff", "puff", "pucha", "pucta", "chucha", "caray", "orale", "andale", "nomas", "pibe", "flaco", "loco", "che", "vos", "cachai", "sisas", "jefe", "jefa", "jefecito", "joven", "senor", "senora", "senorita", "don", "dona", "estimado", "estimada", "estimados", "estimadas", "caballero", "doctor", "doctora", "dra", "licenciada", "licenciado", "ingeniero", "reina", "linda", "lindo", "hermano", "hermana", "tio", "primo", "vecino", "corazon"]
)
"""Vocatives and noises: the same message with and without them."""

_FACES = {
    "si": "👍✅☑✔👌🆗🫡",
    "no": "👎❌🚫✖",
    "gracias": "🙏",
    "risa": "😂🤣😆😹😅😁😄😃😀",
    "enojo": "😡🤬😠👿💢😤🖕",
    "tristeza": "😭😢😞😔😟🥺😿☹🙁😓😥😰😩😫💔",
    "gusto": "😊🙂😉😍🥰😘❤💕💖🤗☺😇🤩💙💚💛🧡💜",
    "dinero": "💰💵💸💲💳🪙💴",
    "hola": "👋🖐✋",
    "duda": "🤔🧐🤷❓❔🙄😕😒",
    "celular": "📱📞☎📲",
    "reloj": "⏰⏳⌛🕐🕒📅🗓",
    "enlace": "🔗",
    "recibo": "🧾📸📎",
    "brazo": "💪🤝🙌👏🎉🥳🎊",
    "muerte": "💀☠⚰🔪🔫",
}
EMOJI = {face: f" {word} " for word, faces in _FACES.items() for face in faces}
"""One character, and the word it stands for."""

HARMFUL = frozenset(
    ["equivocado", "equivocada", "equivocados", "equivocaron", "equivocando", "reconozco", "denuncia", "denunciar", "denunciare", "demanda", "demandar", "demandare", "suicidar", "suicidarme", "suicidio", "matarme", "matare", "mataria", "quitarme", "morirme", "ahorcarme", "cortarme", "pastillas", "veneno", "violencia", "golpea", "golpeo", "amenaza", "amenazan", "amenazando", "amenazaron", "acosando", "acoso", "hostigando", "hostigamiento", "indecopi", "condusef", "profeco", "superintendencia", "sernac", "estafa", "fraude", "suplantacion", "suplantaron", "identidad", "conozco", "escriban", "escribir", "escribirme", "contacten", "contactar", "contactarme", "llamarme", "molesten", "molestar", "molestarme", "eliminen", "borrenme", "saquenme", "bloquear", "cancelado", "cancelar", "cancele", "liquidar", "pagado", "deposite", "transferi", "comprobante", "constancia", "refinanciar", "convenio", "descuento", "facilidades", "fraccionar", "cuotas", "mensualidades", "enlace", "horario", "atienden", "sucursal", "transferencia", "tarjeta", "vencimiento", "vencida", "asesor", "asesora", "supervisor", "persona", "ejecutivo", "humano", "enfermo", "enferma", "hospital", "desempleado", "desempleada", "despidieron", "fallecio", "fallecido", "murio", "difunto", "prestamo", "credito", "factura", "desconozco", "corresponde"]
)
"""Words worth recognising with one slip of a finger in them."""
