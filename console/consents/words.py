"""Consent in Spanish: channels, purposes, ways of saying it, and how it stands, each in a word."""

from __future__ import annotations

from console.consents.kinds import How, Purpose, Standing, Way
from console.languages.words import Words

WAYS = {Way.WHATSAPP: "WhatsApp", Way.CALL: Words("Llamada"), Way.SMS: "SMS", Way.EMAIL: Words("Correo")}
PURPOSES = {Purpose.COLLECTION: Words("Cobranza"), Purpose.MARKETING: Words("Publicidad")}
STANDINGS = {
    Standing.GIVEN: Words("Autorizó"),
    Standing.WITHDRAWN: Words("Se opuso"),
    Standing.LIFTED: Words("Baja levantada"),
}
HOWS = {
    How.MESSAGE: Words("Por mensaje"),
    How.WEB_FORM: Words("Formulario web"),
    How.CONTRACT: Words("Contrato"),
    How.CALL: Words("Llamada"),
    How.IN_PERSON: Words("En persona"),
    How.WHATSAPP: Words("Desde WhatsApp"),
    How.REVIEW: Words("Supervisión"),
    How.EARLIER: Words("Antes de este registro"),
}
TYPED = (How.MESSAGE, How.WEB_FORM, How.CONTRACT, How.CALL, How.IN_PERSON)
"""The ways that a person may name; the others are noted by the console."""
NOTHING = Words("No consta")
