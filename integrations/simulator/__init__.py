"""A WhatsApp Cloud API that runs on one machine, with the phones of the people behind it; never for production."""

from integrations.simulator.app import create_simulator
from integrations.simulator.settings import SimulatorSettings

__all__ = ["SimulatorSettings", "create_simulator"]
