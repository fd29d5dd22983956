"""The table of keys: what the help shows, what the palette offers and what the scripts obey, said once."""

from __future__ import annotations

import msgspec

from console.languages.words import Words


class Shortcut(msgspec.Struct, frozen=True):
    """A key and what it does. `keys` are pressed together or one after the other; `on` says where it means something.

    `on`: "list" or "conversation" are the inbox's, "bot" is the bot's own page, with no text being written,
    "phrases" one of the phrases there, whose letters stand with the labels (console/bots/words.py); "anywhere" is every
    page; "writing" is inside a text, where single letters are letters. `name` is its name among the keys of
    keyboard.js; without one it is explained, and obeyed elsewhere. `is_motion` makes no sense in the palette.
    """

    keys: tuple[str, ...]
    words: str
    on: str
    name: str = ""
    needs_links: bool = False
    is_motion: bool = False


TABLE = (
    Shortcut(("J",), Words("Conversación siguiente"), "list", "j", is_motion=True),
    Shortcut(("K",), Words("Conversación anterior"), "list", "k", is_motion=True),
    Shortcut(("Enter",), Words("Abrir la conversación"), "list"),
    Shortcut(("G", "I"), Words("Ir a Mías"), "list"),
    Shortcut(("G", "U"), Words("Ir a Sin asignar"), "list"),
    Shortcut(("G", "A"), Words("Ir a Todas"), "list"),
    Shortcut(("G", "Z"), Words("Ir a Pospuestas"), "list"),
    Shortcut(("G", "M"), Words("Ir a Menciones"), "list"),
    Shortcut(("G", "1…9"), Words("Ir a una vista guardada"), "list"),
    Shortcut(("V",), Words("Guardar la vista"), "list", "v"),
    Shortcut(("S",), Words("Tomar la siguiente de la cola"), "list", "s"),
    Shortcut(("F",), Words("Filtrar la lista"), "list", "f"),
    Shortcut(("X",), Words("Elegir la fila (con Mayús, hasta aquí)"), "list", "x", is_motion=True),
    Shortcut(("Q",), Words("Buscar personas y mensajes"), "list", "q"),
    Shortcut(("Ctrl", "K"), Words("Paleta: ir a cualquier parte, hacer cualquier cosa"), "anywhere"),
    Shortcut(("?",), Words("Esta ayuda"), "anywhere", "?"),
    Shortcut(("R",), Words("Responder"), "conversation", "r"),
    Shortcut(("N",), Words("Nota interna"), "conversation", "n"),
    Shortcut(("A",), Words("Adjuntar archivos"), "conversation", "a"),
    Shortcut(("Y",), Words("Grabar una nota de voz"), "conversation", "y"),
    Shortcut(("H",), Words("Programar el mensaje"), "conversation", "h"),
    Shortcut(("/",), Words("Respuestas rápidas"), "conversation", "/"),
    Shortcut(("T",), Words("Plantillas"), "conversation", "t"),
    Shortcut(("P",), Words("Promesa, de lo que escribió"), "conversation", "p"),
    Shortcut(("C",), Words("Plan de pagos (convenio)"), "conversation", "c"),
    Shortcut(("D",), Words("Disputa"), "conversation", "d"),
    Shortcut(("B",), Words("Baja o número equivocado"), "conversation", "b"),
    Shortcut(("O",), Words("Enlace de pago"), "conversation", "o", needs_links=True),
    Shortcut(("L",), Words("Etiquetas"), "conversation", "l"),
    Shortcut(("M",), Words("Asignármela, aunque la tenga el bot"), "conversation", "m"),
    Shortcut(("W",), Words("Transferir, con una nota"), "conversation", "w"),
    Shortcut(("Z",), Words("Posponer"), "conversation", "z"),
    Shortcut(("E",), Words("Resolver o reabrir"), "conversation", "e"),
    Shortcut(("J",), Words("Diálogo siguiente"), "bot"),
    Shortcut(("K",), Words("Diálogo anterior"), "bot"),
    Shortcut(("L",), Words("Etiquetar lo que no entendió"), "bot"),
    Shortcut(("M",), Words("Tomar la conversación: el bot calla"), "bot"),
    Shortcut(("←",), Words("Paso anterior"), "bot"),
    Shortcut(("→",), Words("Paso siguiente"), "bot"),
    Shortcut(("1…3",), Words("Lo que supuso el bot, o quitarlo"), "phrases"),
    Shortcut(("A…Z",), Words("La etiqueta de esa letra, o quitarla"), "phrases"),
    Shortcut(("0",), Words("Ninguna de ellas"), "phrases"),
    Shortcut(("Enter",), Words("Guardar, e ir a la frase siguiente"), "phrases"),
    Shortcut(("↓",), Words("Frase siguiente"), "phrases"),
    Shortcut(("↑",), Words("Frase anterior"), "phrases"),
    Shortcut(("Enter",), Words("Enviar lo escrito"), "writing"),
    Shortcut((Words("Mayús"), "Enter"), Words("Línea nueva"), "writing"),
    Shortcut(("@",), Words("Mencionar a un colega, en una nota"), "writing"),
    Shortcut(("Esc",), Words("Cerrar, o salir del texto"), "writing"),
)
PLACES = {
    "list": Words("En la lista"),
    "conversation": Words("En la conversación"),
    "bot": Words("En las sesiones del bot"),
    "phrases": Words("Al etiquetar frases"),
    "writing": Words("Al escribir"),
    "anywhere": Words("Siempre"),
}


def shortcuts(*places: str, with_links: bool = True) -> list[Shortcut]:
    """The keys that mean something in these places, as they are explained."""
    return [one for one in TABLE if one.on in places and (with_links or not one.needs_links)]
