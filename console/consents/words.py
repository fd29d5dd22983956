"""Consent in Spanish: channels, purposes, ways of saying it, and how it stands, each in a word."""

from __future__ import annotations

from console.consents.models import How, Purpose, Standing, Way

WAYS = {Way.WHATSAPP: "WhatsApp", Way.CALL: "Llamada", Way.SMS: "SMS", Way.EMAIL: "Correo"}
PURPOSES = {Purpose.COLLECTION: "Cobranza", Purpose.MARKETING: "Publicidad"}
STANDINGS = {Standing.GIVEN: "Autorizó", Standing.WITHDRAWN: "Se opuso", Standing.LIFTED: "Baja levantada"}
HOWS = {
    How.MESSAGE: "Por mensaje",
    How.WEB_FORM: "Formulario web",
    How.CONTRACT: "Contrato",
    How.CALL: "Llamada",
    How.IN_PERSON: "En persona",
    How.WHATSAPP: "Desde WhatsApp",
    How.REVIEW: "Supervisión",
    How.EARLIER: "Antes de este registro",
}
TYPED = (How.MESSAGE, How.WEB_FORM, How.CONTRACT, How.CALL, How.IN_PERSON)
"""The ways that a person may name; the others are noted by the console."""
NOTHING = "No consta"
