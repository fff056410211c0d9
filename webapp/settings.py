"""What an installation may set, from the environment. Every name is explained in ``docs/settings.md``."""

import secrets
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path

from pydantic import SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read once at the start. A field is the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore")

    database_url: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    threads: int = 8
    secret_key: SecretStr | None = None
    https: bool = False
    organization: str = ""
    default_locale: str = "pl"
    var_dir: Path = Path("var")
    max_upload_mb: int = 8
    smtp_url: SecretStr = SecretStr("")
    mail_from: str = "contentum@localhost"
    public_url: str = ""
    http_origins: str = ""
    clock: bool = True

    @field_validator("database_url")
    @classmethod
    def _with_a_driver(cls, url: str) -> str:
        for short in ("postgres://", "postgresql://"):
            if url.startswith(short):
                return "postgresql+psycopg://" + url.removeprefix(short)
        return url

    @field_validator("public_url")
    @classmethod
    def _without_a_slash(cls, url: str) -> str:
        return url.rstrip("/")

    @property
    def database(self) -> str:
        """The database's address; without ``DATABASE_URL`` a SQLite file in ``VAR_DIR``."""
        return self.database_url or f"sqlite:///{self.var_dir.resolve() / 'contentum.db'}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the product: demo accounts may exist nowhere else."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @cached_property
    def signing_key(self) -> str:
        """``SECRET_KEY``, else the key kept in ``VAR_DIR/secret_key``, which is made when it is missing."""
        if self.secret_key:
            return self.secret_key.get_secret_value()
        kept = self.var_dir / "secret_key"
        if not kept.exists():
            self.var_dir.mkdir(parents=True, exist_ok=True)
            kept.touch(mode=0o600)
            kept.write_text(secrets.token_urlsafe(48), encoding="utf-8")
        return kept.read_text(encoding="utf-8").strip()
