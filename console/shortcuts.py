"""The table of keys: what the help shows, what the palette offers and what the scripts obey, said once."""

from __future__ import annotations

import msgspec


class Shortcut(msgspec.Struct, frozen=True):
    """A key and what it does. `keys` are pressed together or one after the other; `on` says where it means something.

    `on`: "list" or "conversation" are the inbox's, "bot" is the bot's own page, with no text being written; "anywhere"
    is every page; "writing" is inside a text, where single letters are letters. `name` is its name among the keys of
    keyboard.js; without one it is explained, and obeyed elsewhere. `is_motion` makes no sense in the palette.
    """

    keys: tuple[str, ...]
    words: str
    on: str
    name: str = ""
    needs_links: bool = False
    is_motion: bool = False


TABLE = (
    Shortcut(("J",), "Conversación siguiente", "list", "j", is_motion=True),
    Shortcut(("K",), "Conversación anterior", "list", "k", is_motion=True),
    Shortcut(("Enter",), "Abrir la conversación", "list"),
    Shortcut(("G", "I"), "Ir a Mías", "list"),
    Shortcut(("G", "U"), "Ir a Sin asignar", "list"),
    Shortcut(("G", "A"), "Ir a Todas", "list"),
    Shortcut(("G", "Z"), "Ir a Pospuestas", "list"),
    Shortcut(("G", "M"), "Ir a Menciones", "list"),
    Shortcut(("G", "1…9"), "Ir a una vista guardada", "list"),
    Shortcut(("V",), "Guardar la vista", "list", "v"),
    Shortcut(("S",), "Tomar la siguiente de la cola", "list", "s"),
    Shortcut(("F",), "Filtrar la lista", "list", "f"),
    Shortcut(("X",), "Elegir la fila (con Mayús, hasta aquí)", "list", "x", is_motion=True),
    Shortcut(("Q",), "Buscar personas y mensajes", "list", "q"),
    Shortcut(("Ctrl", "K"), "Paleta: ir a cualquier parte, hacer cualquier cosa", "anywhere"),
    Shortcut(("?",), "Esta ayuda", "anywhere", "?"),
    Shortcut(("R",), "Responder", "conversation", "r"),
    Shortcut(("N",), "Nota interna", "conversation", "n"),
    Shortcut(("A",), "Adjuntar archivos", "conversation", "a"),
    Shortcut(("Y",), "Grabar una nota de voz", "conversation", "y"),
    Shortcut(("H",), "Programar el mensaje", "conversation", "h"),
    Shortcut(("/",), "Respuestas rápidas", "conversation", "/"),
    Shortcut(("T",), "Plantillas", "conversation", "t"),
    Shortcut(("P",), "Promesa, de lo que escribió", "conversation", "p"),
    Shortcut(("C",), "Plan de pagos (convenio)", "conversation", "c"),
    Shortcut(("D",), "Disputa", "conversation", "d"),
    Shortcut(("B",), "Baja o número equivocado", "conversation", "b"),
    Shortcut(("O",), "Enlace de pago", "conversation", "o", needs_links=True),
    Shortcut(("L",), "Etiquetas", "conversation", "l"),
    Shortcut(("M",), "Asignármela, aunque la tenga el bot", "conversation", "m"),
    Shortcut(("W",), "Transferir, con una nota", "conversation", "w"),
    Shortcut(("Z",), "Posponer", "conversation", "z"),
    Shortcut(("E",), "Resolver o reabrir", "conversation", "e"),
    Shortcut(("J",), "Diálogo siguiente", "bot"),
    Shortcut(("K",), "Diálogo anterior", "bot"),
    Shortcut(("M",), "Tomar la conversación: el bot calla", "bot"),
    Shortcut(("←",), "Paso anterior", "bot"),
    Shortcut(("→",), "Paso siguiente", "bot"),
    Shortcut(("Enter",), "Enviar lo escrito", "writing"),
    Shortcut(("Mayús", "Enter"), "Línea nueva", "writing"),
    Shortcut(("@",), "Mencionar a un colega, en una nota", "writing"),
    Shortcut(("Esc",), "Cerrar, o salir del texto", "writing"),
)
PLACES = {
    "list": "En la lista",
    "conversation": "En la conversación",
    "bot": "En las sesiones del bot",
    "writing": "Al escribir",
    "anywhere": "Siempre",
}


def shortcuts(*places: str, with_links: bool = True) -> list[Shortcut]:
    """The keys that mean something in these places, as they are explained."""
    return [one for one in TABLE if one.on in places and (with_links or not one.needs_links)]
