"""What the bot's policy would do for what it understood: one action a message, the gravest matter first.

Pure, and only names: the dialogue engine acts. Whatever stands in the upper part of the table is never followed by a
word about paying.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from console.languages.words import Words


class Step(msgspec.Struct, frozen=True):
    """What is done for `label`; with `after_identity` only once the right party is known to be there."""

    label: str
    action: str
    said: str
    after_identity: bool = False


STEPS: tuple[Step, ...] = (
    Step(
        "distress",
        "distress_protocol",
        Words("texto de contención con línea de ayuda, y aviso inmediato a un supervisor"),
    ),
    Step("wrong_person", "release_number", Words("disculpa, y el número deja de usarse para ese deudor")),
    Step("opt_out", "stop_contact", Words("no se le vuelve a escribir")),
    Step("dispute", "open_dispute", Words("se abre el desacuerdo y se detiene el cobro de esa deuda")),
    Step("complaint", "hand_over_priority", Words("texto empático y una persona con prioridad")),
    Step("hardship", "hand_over_priority", Words("texto empático y una persona con prioridad")),
    Step("human", "hand_over", Words("pasa a una persona, o a la cola de la mañana")),
    Step("already_paid", "ask_receipt", Words("pide el comprobante y deja el pago por verificar")),
    Step(
        "payment_plan",
        "offer_plan",
        Words("opciones dentro de los límites del acreedor, o una persona"),
        after_identity=True,
    ),
    Step("promise_to_pay", "record_promise", Words("confirma fecha y monto, y los anota"), after_identity=True),
    Step("payment_link", "send_payment_link", Words("envía el enlace de pago"), after_identity=True),
    Step("balance", "tell_balance", Words("dice el saldo con la fecha del dato"), after_identity=True),
    Step("due_date", "tell_due_date", Words("dice el vencimiento"), after_identity=True),
    Step("payment_methods", "tell_payment_methods", Words("dice los medios de pago")),
    Step("hours", "tell_hours", Words("dice el horario de atención")),
    Step("identity_answer", "check_identity", Words("compara la respuesta con lo registrado")),
    Step("affirm", "go_on", Words("sigue con lo que se preguntó")),
    Step("deny", "accept_refusal", Words("acepta la negativa y ofrece una persona")),
    Step("thanks", "say_goodbye", Words("se despide")),
    Step("greeting", "greet", Words("saluda y dice que es el asistente automático")),
    Step("other", "say_what_it_can_do", Words("dice qué puede hacer y ofrece una persona")),
)
SILENT_ABOUT_MONEY = frozenset({"distress", "opt_out", "wrong_person", "dispute"})
"""After these nothing is said about paying, whatever else the message asks."""
_DOUBT = Step(
    "distress", "hand_over_priority", Words("texto sereno, una persona con prioridad y aviso: podría ser un peligro")
)
_BY_LABEL = {step.label: step for step in STEPS}
_RANK = {step.label: rank for rank, step in enumerate(STEPS)}
_GRAVE = frozenset({*SILENT_ABOUT_MONEY, "complaint", "hardship"})


def step_for(labels: Sequence[str], *, doubt: float = 0.0) -> Step:
    """The one step for `labels` (main one first): the gravest if there is a grave one, else that of the main label.

    With a `doubt` whether it is danger, what is not graver than that is a person's.
    """
    grave = [label for label in labels if label in _GRAVE]
    if doubt and not set(grave) - {"hardship"}:
        return _DOUBT
    if grave:
        return _BY_LABEL[min(grave, key=_RANK.__getitem__)]
    return _BY_LABEL[labels[0]] if labels else _BY_LABEL["other"]
