"""`./gatehouse audit key`: the key that signs checkpoints, which is a file and never in the database."""

import asyncio
import os
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from cli.database_at_hand import NoDatabase, database_at_hand
from cli.embedded import ServerFailed
from cli.paths import ROOT, as_typed
from models.database import single_connection
from workflows.audit.proof.signing import KeyUnusable, SigningKey, read_key, rotate

NOT_DONE = 2  # exit status
_DEFAULT_DATA = ROOT / ".data"
_File = Annotated[Path, typer.Argument(metavar="FILE", help="The private key, in PEM.")]

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The keys that sign checkpoints.")


@app.command()
def new(file: _File) -> None:
    """Draw a key; the public half is written beside it, with .pub behind the name."""
    try:
        key = make_key(as_typed(file))
    except FileExistsError:
        _refuse(f"{file} is there already, and a key is never overwritten")
    typer.echo(f"Key {key.id}")
    typer.echo(f"Give {file}.pub to those who verify, and keep {file} where the workers alone can read it.")


@app.command()
def show(file: _File) -> None:
    """Print the public half of a key, and what checkpoints call it."""
    key = _read(file)
    typer.echo(f"Key {key.id}")
    typer.echo(_public_pem(key).decode(), nl=False)


@app.command("rotate")
def replace(
    old: Annotated[Path, typer.Option(help="The key in use.")],
    new_key: Annotated[Path, typer.Option("--new", help="The key to use from here on.")],
    data: Annotated[Path, typer.Option(help="The demo's folder, used when DATABASE_URL is not set.")] = _DEFAULT_DATA,
) -> None:
    """Let the key in use sign a new one in. Then set AUDIT_KEY_FILE to the new one and restart the workers."""

    async def run(url: str) -> str:
        async with single_connection(url):
            return (await rotate(_read(old), _read(new_key))).key_id

    try:
        with database_at_hand(as_typed(data)) as url:
            made = asyncio.run(run(url))
    except (KeyUnusable, NoDatabase, ServerFailed, OSError) as refusal:
        _refuse(str(refusal))
    typer.echo(f"Key {made} is signed in.")


def make_key(file: Path) -> SigningKey:
    """A new key in `file` (0600) and its public half in `file`.pub. Raises FileExistsError, OSError."""
    private = Ed25519PrivateKey.generate()
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as output:
        output.write(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    key = SigningKey(private)
    file.with_name(f"{file.name}.pub").write_bytes(_public_pem(key))
    return key


def _public_pem(key: SigningKey) -> bytes:
    return key.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _read(file: Path) -> SigningKey:
    try:
        return read_key(as_typed(file).read_bytes())
    except (KeyUnusable, OSError) as refusal:
        _refuse(str(refusal))


def _refuse(why: str) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(NOT_DONE)
