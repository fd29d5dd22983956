from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.whatsapp.codes import FAMILIES, VERDICTS
from integrations.whatsapp.errors import Action, Pause, SendFailed, classify
from integrations.whatsapp.failures_es import NO_ANSWER, SPANISH, UNKNOWN, explain

DOCUMENTED = {
    *(0, 1, 2, 3, 4, 10, 17, 33, 100, 104, 190, 200, 299, 368, 613, 80007),
    *(130403, 130429, 130472, 130497, 131000, 131005, 131008, 131009, 131014, 131016, 131021, 131026, 131030, 131031),
    *(131037, 131042, 131045, 131047, 131048, 131049, 131050, 131051, 131052, 131053, 131055, 131056, 131057, 131059),
    *(131060, 131062, 131063, 131064, 132000, 132001, 132005, 132007, 132008, 132012, 132015, 132016, 132018, 132068),
    *(132069, 133000, 133004, 133005, 133006, 133008, 133009, 133010, 133015, 133016, 134011, 134100, 134101, 134102),
    *(135000, 137000, 138000, 131215, 139000, 139100, 147000, 2388019, 2388299, 2388024, 2494100, 2593107, 2593108),
}


@pytest.mark.parametrize(
    ("code", "action", "pause"),
    [
        (0, Action.PAUSE_CHANNEL, Pause.TOKEN),
        (190, Action.PAUSE_CHANNEL, Pause.TOKEN),
        (200, Action.PAUSE_CHANNEL, Pause.CONFIGURATION),
        (368, Action.PAUSE_CHANNEL, Pause.POLICY),
        (131031, Action.PAUSE_CHANNEL, Pause.POLICY),
        (131042, Action.PAUSE_CHANNEL, Pause.PAYMENT),
        (133010, Action.PAUSE_CHANNEL, Pause.CONFIGURATION),
        (4, Action.SLOW_NUMBER, None),
        (80007, Action.SLOW_NUMBER, None),
        (130429, Action.SLOW_NUMBER, None),
        (131056, Action.PAIR_BACKOFF, None),
        (131047, Action.NEEDS_TEMPLATE, None),
        (131026, Action.MARK_UNREACHABLE, None),
        (130403, Action.MARK_BLOCKED, None),
        (131050, Action.MARKETING_OPT_OUT, None),
        (132001, Action.BLOCK_TEMPLATE, None),
        (132015, Action.BLOCK_TEMPLATE, None),
        (131048, Action.LATER, None),
        (131049, Action.LATER, None),
        (131016, Action.RETRY, None),
        (100, Action.FAIL, None),
    ],
)
def test_a_code_asks_for_its_action_whatever_the_http_status(code: int, action: Action, pause: Pause | None) -> None:
    for status in (None, 200, 400, 403, 429, 500):
        assert (classify(code, status).action, classify(code, status).pause) == (action, pause)


@pytest.mark.parametrize(
    ("code", "status", "action"),
    [
        pytest.param(None, None, Action.UNKNOWN_OUTCOME, id="nothing came back"),
        pytest.param(None, 500, Action.UNKNOWN_OUTCOME, id="server error without a code"),
        pytest.param(None, 200, Action.UNKNOWN_OUTCOME, id="success without sense"),
        pytest.param(None, 408, Action.UNKNOWN_OUTCOME, id="timed out on the way"),
        pytest.param(None, 429, Action.SLOW_NUMBER, id="throttled without a code"),
        pytest.param(None, 401, Action.PAUSE_CHANNEL, id="unauthorised without a code"),
        pytest.param(None, 404, Action.FAIL, id="refused without a code"),
        pytest.param(1, 500, Action.UNKNOWN_OUTCOME, id="code 1 may hide anything"),
        pytest.param(1, 400, Action.RETRY, id="code 1 as a refusal"),
        pytest.param(1, None, Action.RETRY, id="code 1 in a webhook"),
        pytest.param(2, 500, Action.UNKNOWN_OUTCOME, id="code 2 too"),
        pytest.param(2, 400, Action.RETRY, id="code 2 as a refusal"),
        pytest.param(131000, 500, Action.UNKNOWN_OUTCOME, id="131000 too"),
        pytest.param(131000, None, Action.RETRY, id="131000 in a webhook"),
        pytest.param(131016, 503, Action.RETRY, id="131016 says it did nothing"),
        pytest.param(987654, 500, Action.UNKNOWN_OUTCOME, id="unknown code, server error"),
        pytest.param(987654, 400, Action.FAIL, id="unknown code, refused"),
        pytest.param(987654, None, Action.FAIL, id="unknown code in a webhook"),
        pytest.param(987654, 429, Action.SLOW_NUMBER, id="unknown code, throttled"),
    ],
)
def test_without_a_known_code_only_a_refusal_is_certain(code: int | None, status: int | None, action: Action) -> None:
    assert classify(code, status).action is action


@pytest.mark.parametrize("code", sorted(DOCUMENTED))
def test_every_documented_code_has_a_meaning_an_action_and_words_in_spanish(code: int) -> None:
    assert code in VERDICTS or any(code in family for family, _ in FAMILIES)
    assert classify(code, 400).meaning
    assert explain(code) != UNKNOWN


@pytest.mark.parametrize("code", sorted(VERDICTS))
def test_every_code_of_the_table_says_in_spanish_what_happened_and_what_to_do(code: int) -> None:
    explanation = SPANISH[code]

    for sentence in (explanation.what, explanation.do):
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert not {"tú", "tu", "tus", "puedes", "debes"} & set(sentence.lower().replace(".", "").split())


def test_spanish_explains_no_code_that_has_no_action() -> None:
    assert SPANISH.keys() == VERDICTS.keys()


@given(st.none() | st.integers())
def test_any_code_is_explained(code: int | None) -> None:
    assert explain(code).what
    assert explain(code).do


def test_what_is_unknown_is_explained() -> None:
    assert explain(None) == explain(987654) == UNKNOWN
    assert "puede haber llegado" in NO_ANSWER.what


@given(st.none() | st.integers() | st.sampled_from(sorted(VERDICTS)), st.none() | st.integers(100, 599))
def test_only_what_was_certainly_refused_is_retried(code: int | None, status: int | None) -> None:
    verdict = classify(code, status)

    assert verdict.retryable == (verdict.action in {Action.RETRY, Action.PAIR_BACKOFF, Action.SLOW_NUMBER})
    assert verdict.retryable == (verdict.tries > 0)
    assert (verdict.pause is not None) == (verdict.action is Action.PAUSE_CHANNEL)


def test_an_error_shows_codes_and_nothing_personal() -> None:
    error = SendFailed(131026, 400, title="To +51955500101 failed", details="Ana", answer=b"Ana")

    assert str(error) == "code 131026, HTTP 400"
    assert not error.retryable
