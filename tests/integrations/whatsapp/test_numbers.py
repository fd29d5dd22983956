from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from integrations.whatsapp.numbers import BadNumber, Problem, display, e164, match_key, variants

digits = st.text("0123456789", min_size=1, max_size=16)
ten = st.text("0123456789", min_size=10, max_size=10)
anything = (
    digits | ten.map("521{}".format) | ten.map("52{}".format) | ten.map("5531{}".format) | ten.map("549{}".format)
)


@pytest.mark.parametrize(
    ("wa_id", "key"),
    [
        pytest.param("5215512345678", "525512345678", id="Mexico with 1"),
        pytest.param("525512345678", "525512345678", id="Mexico without"),
        pytest.param("521512345678", "521512345678", id="Mexico, 12 digits that begin with 521"),
        pytest.param("52155123456789", "52155123456789", id="Mexico, a digit too many"),
        pytest.param("553187654321", "5531987654321", id="Brazil without the ninth digit"),
        pytest.param("5531987654321", "5531987654321", id="Brazil with it"),
        pytest.param("553132654321", "553132654321", id="Brazil, a landline"),
        pytest.param("5491112345678", "5491112345678", id="Argentina with 9"),
        pytest.param("541112345678", "541112345678", id="Argentina without"),
        pytest.param("51955500101", "51955500101", id="Peru"),
        pytest.param("56912345678", "56912345678", id="Chile"),
        pytest.param("+52 1 55 1234-5678", "525512345678", id="written by hand"),
        pytest.param("MX.13491208655302741918", "MX.13491208655302741918", id="a BSUID"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_two_spellings_of_a_line_meet_under_one_key(wa_id: str, key: str) -> None:
    assert match_key(wa_id) == key


@pytest.mark.parametrize(
    ("phone", "known_as"),
    [
        ("+525512345678", {"525512345678", "5215512345678"}),
        ("5215512345678", {"525512345678", "5215512345678"}),
        ("+5531987654321", {"5531987654321", "553187654321"}),
        ("553187654321", {"5531987654321", "553187654321"}),
        ("+553132654321", {"553132654321"}),
        ("+5531923456789", {"5531923456789"}),
        ("+5491112345678", {"5491112345678", "541112345678"}),
        ("+541112345678", {"541112345678"}),
        ("+51955500101", {"51955500101"}),
    ],
)
def test_a_phone_of_the_file_is_looked_up_under_every_id_it_may_have(phone: str, known_as: set[str]) -> None:
    assert variants(phone) == known_as


@given(anything)
def test_a_key_is_its_own_key(wa_id: str) -> None:
    assert match_key(match_key(wa_id)) == match_key(wa_id)


@given(anything)
def test_a_line_is_found_under_its_own_id(wa_id: str) -> None:
    assert match_key(wa_id) in variants(wa_id)
    assert wa_id in variants(wa_id)


@given(anything)
def test_all_variants_of_a_line_share_its_key(wa_id: str) -> None:
    assume(not wa_id.startswith("54"))

    assert {match_key(each) for each in variants(wa_id)} == {match_key(wa_id)}
    assert all(variants(each) == variants(wa_id) for each in variants(wa_id))


@given(ten)
def test_an_argentine_landline_is_never_taken_for_a_mobile(number: str) -> None:
    assert match_key(f"54{number}") != match_key(f"549{number}")
    assert variants(f"54{number}").isdisjoint({f"549{number}"})


@given(anything, anything)
def test_different_lines_have_different_keys(one: str, other: str) -> None:
    assume(other not in variants(one) and one not in variants(other))

    assert match_key(one) != match_key(other)


@given(st.text())
def test_no_text_is_too_odd_to_be_matched_or_shown(text: str) -> None:
    match_key(text)
    variants(text)
    display(text)


@pytest.mark.parametrize(
    ("wa_id", "shown"),
    [
        ("5215512345678", "+52 55 1234 5678"),
        ("5491112345678", "+54 9 11 1234-5678"),
        ("553187654321", "+55 31 98765-4321"),
        ("51955500101", "+51 955 500 101"),
        ("573001234567", "+57 300 1234567"),
        ("999999999999999", "+999999999999999"),
        ("12", "+12"),
        ("PE.4417", "PE.4417"),
    ],
)
def test_a_number_is_shown_as_people_write_it(wa_id: str, shown: str) -> None:
    assert display(wa_id) == shown


@pytest.mark.parametrize(
    ("raw", "region", "number"),
    [
        ("955 500 101", "PE", "+51955500101"),
        ("+51 955-500-101", "MX", "+51955500101"),
        ("0051955500101", "PE", "+51955500101"),
        ("(55) 1234.5678", "mx", "+525512345678"),
        ("044 55 1234 5678", "MX", "+525512345678"),
        ("01 55 1234 5678", "MX", "+525512345678"),
        ("5215512345678", "MX", "+525512345678"),
        ("+52 1 55 1234 5678", "PE", "+525512345678"),
        ("525512345678", "MX", "+525512345678"),
        ("011 15-1234-5678", "AR", "+5491112345678"),
        ("+5491112345678", "AR", "+5491112345678"),
        ("+54 11 1234 5678", "AR", "+541112345678"),
        ("(31) 8765-4321", "BR", "+5531987654321"),
        ("31 98765 4321", "BR", "+5531987654321"),
        ("56912345678", "CL", "+56912345678"),
        ("955500101.0", "PE", "+51955500101"),
    ],
)
def test_a_number_of_the_file_is_normalised(raw: str, region: str, number: str) -> None:
    assert e164(raw, region) == number


@pytest.mark.parametrize(
    ("raw", "region", "problem"),
    [
        ("", "PE", Problem.EMPTY),
        ("   ", "PE", Problem.EMPTY),
        ("no tiene", "PE", Problem.NOT_A_NUMBER),
        ("---", "PE", Problem.NOT_A_NUMBER),
        ("955500101 anexo 3", "PE", Problem.NOT_A_NUMBER),
        ("5.25512E+11", "MX", Problem.SCIENTIFIC),
        ("5,25512e11", "MX", Problem.SCIENTIFIC),
        ("123", "PE", Problem.TOO_SHORT),
        ("955500101 / 955500202", "PE", Problem.TOO_LONG),
        ("955500101955500202", "PE", Problem.TOO_LONG),
        ("+999 123456789", "PE", Problem.UNKNOWN_COUNTRY),
        ("955500101", "XX", Problem.UNKNOWN_COUNTRY),
        ("955500101", "", Problem.UNKNOWN_COUNTRY),
    ],
)
def test_what_is_no_number_says_why(raw: str, region: str, problem: Problem) -> None:
    with pytest.raises(BadNumber) as refused:
        e164(raw, region)

    assert refused.value.problem is problem
    assert not raw.strip() or raw not in str(refused.value)


@given(st.text(), st.sampled_from(["PE", "MX", "AR", "BR", "CL", "zz", ""]))
def test_any_text_is_a_number_or_a_bad_number(raw: str, region: str) -> None:
    try:
        number = e164(raw, region)
    except BadNumber:
        return
    assert number.startswith("+")
    assert number[1:].isdigit()


@given(st.sampled_from(["PE", "MX", "AR", "BR", "CL", "CO", "EC"]), st.integers(10**6, 10**11))
def test_a_normalised_number_stays_as_it_is(region: str, number: int) -> None:
    try:
        once = e164(str(number), region)
    except BadNumber:
        return

    assert e164(once, region) == once
    assert phonenumbers.is_possible_number(phonenumbers.parse(once))
