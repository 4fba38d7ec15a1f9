"""`green-whistle officer`: an officer made from the command line; the first administrator of an installation."""

import argparse
import asyncio
import secrets
import sys

from api.embedded import addresses
from domain.kernel import clock, crypto, database, settings
from domain.kernel.errors import Refusal
from domain.kernel.settings import Settings
from domain.operators import accounts
from domain.operators.one_time_codes import provisioning_address

PASSWORD_BYTES = 15  # 20 characters to type once and then to change
REFUSED = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Who, and what they may do."""
    parser.add_argument("login", help="a-z, 0-9 and . - _")
    parser.add_argument("--name", required=True, help="as colleagues see it")
    parser.add_argument("--role", action="append", choices=accounts.ROLES, help="may be given more than once")


async def _create(chosen: Settings, options: argparse.Namespace) -> None:
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    await database.open_pool(chosen.database_url, size_max=2)
    try:
        async with database.transaction():
            _, secret = await accounts.create(
                login=options.login,
                name=options.name,
                password=password,
                roles=options.role or ["administrator"],
                ring=crypto.key_ring(chosen.seal_keys),
                actor="command-line",
                now=clock.utc_now(),
            )
    finally:
        await database.close_pool()
    print(f"login          {options.login}")
    print(f"password       {password}")
    print(f"authenticator  {provisioning_address(secret, login=options.login)}")
    print("Shown once. Change the password after signing in (POST /v1/operator/me/password).")


def run(options: argparse.Namespace) -> int:
    """Prints the password and the authenticator's address once; 1 when refused."""
    chosen = addresses.need(settings.load(), "postgres")
    settings.use(chosen)
    try:
        asyncio.run(_create(chosen, options))
    except Refusal as refusal:
        text = refusal.detail or refusal.title
        print(f"{text.zh} {text.en}", file=sys.stderr)
        return REFUSED
    return 0
