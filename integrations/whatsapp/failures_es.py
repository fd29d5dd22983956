"""What the agent reads when a message fails: what happened and what to do now, in courteous Spanish, for every code."""

from __future__ import annotations

from msgspec import Struct

from integrations.whatsapp.codes import FAMILIES


class Explanation(Struct, frozen=True):
    """`what` happened, one sentence; `do`: what the reader can do now, one sentence."""

    what: str
    do: str


def explain(code: int | None) -> Explanation:
    """The explanation of a code of Meta, or the one for codes nobody knows."""
    if code is None:
        return UNKNOWN
    if code in SPANISH:
        return SPANISH[code]
    if any(code in family for family, _ in FAMILIES):
        return _PERMISSION if 200 <= code < 300 else _NOT_USED
    return UNKNOWN


def every() -> set[Explanation]:
    """All there are, for whoever says them in other languages."""
    return {UNKNOWN, NO_ANSWER, _PERMISSION, _NOT_USED, *SPANISH.values()}


UNKNOWN = Explanation(
    "WhatsApp no aceptó el mensaje por un motivo que no conocemos.",
    "Revise el texto e inténtelo de nuevo; si se repite, avise a su administrador con el código del error.",
)
NO_ANSWER = Explanation(
    "WhatsApp no respondió y el mensaje puede haber llegado.",
    "Espere la confirmación; si no llega en unos minutos, pregunte al cliente antes de enviarlo otra vez.",
)

_ADMIN = "Avise a su administrador; los mensajes quedan en cola hasta que se resuelva."
_WAIT = "No haga nada: el sistema lo intentará de nuevo en unos momentos."
_REPORT = "Avise a su administrador: es un error de configuración o del sistema, no suyo."
_OTHER_TEMPLATE = "Elija otra plantilla aprobada; su administrador puede revisar esta."
_PARAMETERS = "Revise los datos que completan la plantilla y envíela de nuevo."
_OTHER_CHANNEL = "Use otro medio de contacto con este cliente."

_PERMISSION = Explanation("La cuenta no tiene permiso para esta operación.", _ADMIN)
_NOT_USED = Explanation("WhatsApp rechazó una función que esta consola no utiliza.", _REPORT)

SPANISH: dict[int, Explanation] = {
    code: Explanation(what, do)
    for codes, what, do in (
        ((0, 190), "El acceso de la empresa a WhatsApp venció o fue anulado.", _ADMIN),
        ((104,), "La consola se conectó a WhatsApp sin su clave de acceso.", _ADMIN),
        ((3, 10, 131005), "La cuenta no tiene permiso para esta operación.", _ADMIN),
        ((1, 131000), "WhatsApp tuvo un error que no explicó.", "Inténtelo de nuevo en unos minutos."),
        ((2, 131016), "WhatsApp no está disponible por el momento.", _WAIT),
        ((4, 17, 613, 80007), "Se alcanzó el límite de peticiones a WhatsApp.", _WAIT),
        ((33,), "El número de la empresa ya no existe en WhatsApp.", _ADMIN),
        (
            (100, 131008),
            "WhatsApp no aceptó un dato del mensaje.",
            "Revise el texto y los adjuntos; si son correctos, avise.",
        ),
        ((368,), "WhatsApp bloqueó temporalmente la cuenta de la empresa por sus políticas.", _ADMIN),
        ((803,), "WhatsApp no encontró lo que se pidió.", _REPORT),
        (
            (130403,),
            "La empresa tiene bloqueado a este contacto.",
            "Si debe escribirle, pida a su supervisor que lo desbloquee.",
        ),
        ((130429,), "El número está enviando demasiados mensajes por segundo.", _WAIT),
        ((130472,), "WhatsApp no entregó el mensaje: el cliente está en un experimento de WhatsApp.", _OTHER_CHANNEL),
        ((130497,), "La cuenta no puede escribir a clientes de este país.", _OTHER_CHANNEL),
        (
            (131009,),
            "WhatsApp no reconoce un dato del mensaje o la identidad del cliente.",
            "Compruebe que el contacto siga siendo el mismo y envíelo de nuevo.",
        ),
        ((131014,), "WhatsApp no pudo descargar el archivo.", "Adjunte el archivo de nuevo y reenvíe el mensaje."),
        ((131021,), "El destinatario es el mismo número de la empresa.", "Corrija el número del contacto."),
        (
            (131026,),
            "El mensaje no se puede entregar: el número no tiene WhatsApp, o usa una versión antigua.",
            "Confirme el número con el cliente o use otro medio; no insista por WhatsApp.",
        ),
        (
            (131030,),
            "El número de prueba solo puede escribir a los números de su lista.",
            "Pida a su administrador que agregue este número a la lista, o use el número definitivo.",
        ),
        ((131031,), "WhatsApp bloqueó la cuenta de la empresa.", _ADMIN),
        ((131037,), "El nombre visible del número aún no está aprobado.", _ADMIN),
        ((131042,), "Hay un problema de pago en la cuenta de WhatsApp.", _ADMIN),
        ((131045, 133006, 133010), "El número de la empresa no está registrado en WhatsApp.", _ADMIN),
        (
            (131047,),
            "Pasaron más de 24 horas desde el último mensaje del cliente.",
            "Elija una plantilla aprobada para retomar la conversación.",
        ),
        (
            (131048,),
            "WhatsApp limitó este número porque varias personas lo bloquearon o reportaron.",
            "Avise a su supervisor y no envíe mensajes masivos hasta mañana.",
        ),
        (
            (131049,),
            "WhatsApp decidió no entregarlo para no saturar al cliente.",
            "No lo reenvíe ahora; espere al menos 24 horas o use otro medio.",
        ),
        (
            (131050,),
            "El cliente pidió no recibir promociones de la empresa.",
            "No le envíe plantillas de marketing; puede responderle cuando él escriba.",
        ),
        ((131051,), "WhatsApp no admite este tipo de mensaje.", "Envíelo como texto o como documento."),
        ((131052,), "No se pudo descargar el archivo que envió el cliente.", "Pídale que lo envíe otra vez."),
        ((131053,), "WhatsApp no aceptó el archivo.", "Revise el formato y el tamaño, y adjúntelo de nuevo."),
        ((131055,), "WhatsApp no permite esta forma de envío.", _REPORT),
        ((131056,), "Se enviaron demasiados mensajes seguidos a este cliente.", _WAIT),
        ((131057, 2494100), "La cuenta está en mantenimiento por unos minutos.", _WAIT),
        ((131059,), "La consulta a WhatsApp caducó a la mitad.", "Vuelva a empezar la consulta."),
        (
            (131060,),
            "WhatsApp no entrega aquí este mensaje.",
            "Véalo en el teléfono de la empresa o pida al cliente que lo repita.",
        ),
        (
            (131062,),
            "Este mensaje necesita el número de teléfono del cliente.",
            "Solicite al cliente su número y vuelva a enviarlo.",
        ),
        ((131063,), "Las plantillas de marketing no están habilitadas en este número.", _OTHER_TEMPLATE),
        (
            (131064,),
            "WhatsApp limitó la cuenta por plantillas en una categoría equivocada.",
            "Avise a su supervisor; esa plantilla debe corregirse antes de enviarla.",
        ),
        (
            (132000, 132008, 132012, 132018),
            "Los datos de la plantilla no coinciden con lo que WhatsApp espera.",
            _PARAMETERS,
        ),
        ((132001,), "La plantilla no existe en este idioma o no está aprobada.", _OTHER_TEMPLATE),
        (
            (132005,),
            "La plantilla completa resulta demasiado larga.",
            "Acorte los datos que la completan y envíela de nuevo.",
        ),
        ((132007,), "El contenido de la plantilla infringe una política de WhatsApp.", _OTHER_TEMPLATE),
        ((132015,), "WhatsApp pausó esta plantilla por su baja calidad.", _OTHER_TEMPLATE),
        ((132016,), "WhatsApp deshabilitó esta plantilla.", _OTHER_TEMPLATE),
        (
            (132068,),
            "El formulario interactivo está bloqueado.",
            "Envíe un mensaje sin formulario y avise a su administrador.",
        ),
        ((132069,), "El formulario interactivo alcanzó su límite por hora.", "Inténtelo de nuevo dentro de una hora."),
        ((133000, 133005, 133008, 133009), "El registro del número en WhatsApp quedó incompleto.", _ADMIN),
        ((133004,), "El servicio de registro de WhatsApp está ocupado.", _WAIT),
        ((133015, 133016), "El registro del número está en espera por demasiados intentos.", _ADMIN),
        ((134011,), "Falta aceptar las condiciones de WhatsApp Payments.", _REPORT),
        ((134100, 134102), "Esta plantilla no puede enviarse por este canal.", _OTHER_TEMPLATE),
        ((134101,), "La plantilla todavía se está sincronizando.", "Inténtelo de nuevo en diez minutos."),
        ((135000,), "WhatsApp rechazó los datos del mensaje sin decir cuál.", _REPORT),
        (
            (137000,),
            "El cliente reinstaló WhatsApp o cambió de teléfono: puede ser otra persona.",
            "Confirme su identidad antes de hablar de la cuenta.",
        ),
        ((2388024,), "Ya existe una plantilla con ese nombre e idioma.", "Elija otro nombre."),
        ((2593107, 2593108), "WhatsApp no permite sincronizar de nuevo por ahora.", _REPORT),
    )
    for code in codes
}
