"""`python -m integrations.simulator`: the simulator as a process of its own, on loopback."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from integrations.simulator.serving import serve
from integrations.simulator.settings import SimulatorSettings


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, and secrets from the environment, where other processes cannot see them; serve."""
    default = SimulatorSettings()
    parser = argparse.ArgumentParser(prog="python -m integrations.simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--webhook-url", default=default.webhook_url)
    parser.add_argument("--console-url", help="where the page's link leads; default: the host of --webhook-url")
    parser.add_argument("--base-url", help="how others reach this simulator; default: as they addressed it")
    parser.add_argument("--business-name", default=os.environ.get("ALDIA_COMPANY") or default.business_name)
    parser.add_argument("--display-phone-number", default=default.display_phone_number)
    parser.add_argument("--token-lasts", type=float, help="the access token expires after so many seconds")
    parser.add_argument("--no-verify", action="store_true", help="skip the verification handshake")
    parser.add_argument("--read-after", type=float, help="debtors read so many seconds after delivery")
    parser.add_argument("--throughput", type=int, default=default.throughput, help="messages a second")
    parser.add_argument("--no-pair-limit", action="store_true")
    parser.add_argument("--test-number", action="store_true", help="behave as an unverified test number")
    parser.add_argument("--seed", type=int, help="make ids and chances repeat")
    chosen = parser.parse_args(arguments)
    environ = os.environ
    settings = SimulatorSettings(
        webhook_url=chosen.webhook_url,
        console_url=chosen.console_url,
        base_url=chosen.base_url or f"http://{chosen.host}:{chosen.port}",
        business_name=chosen.business_name,
        display_phone_number=chosen.display_phone_number,
        verify_on_start=not chosen.no_verify,
        read_after=chosen.read_after,
        access_token_lasts=chosen.token_lasts,
        throughput=chosen.throughput,
        pair_limit=not chosen.no_pair_limit,
        test_number=chosen.test_number,
        seed=chosen.seed,
        app_secret=environ.get("WHATSAPP_APP_SECRET", default.app_secret),
        access_token=environ.get("WHATSAPP_ACCESS_TOKEN", default.access_token),
        payments_key=environ.get("PAYMENTS_API_KEY") or default.payments_key,
        payments_secret=environ.get("PAYMENTS_WEBHOOK_SECRET") or default.payments_secret,
        verify_token=environ.get("WHATSAPP_VERIFY_TOKEN", default.verify_token),
        phone_number_id=environ.get("WHATSAPP_PHONE_NUMBER_ID", default.phone_number_id),
        business_account_id=environ.get("WHATSAPP_BUSINESS_ACCOUNT_ID", default.business_account_id),
    )
    serve(settings, host=chosen.host, port=chosen.port)


if __name__ == "__main__":
    main()
