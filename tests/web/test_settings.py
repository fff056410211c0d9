"""Settings: every one is documented, and the defaults are safe."""

from pathlib import Path

import pytest

from webapp.settings import Settings

DOCUMENTED = Path("docs/settings.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented(name: str) -> None:
    assert f"`{name.upper()}`" in DOCUMENTED


def test_nothing_is_documented_that_cannot_be_set() -> None:
    rows = [line.split("`")[1] for line in DOCUMENTED.splitlines() if line.startswith("| `")]

    assert sorted(rows) == sorted(name.upper() for name in Settings.model_fields)


def test_only_this_machine_reaches_the_product_unless_somebody_says_otherwise() -> None:
    assert Settings().is_loopback
    assert Settings(host="::1").is_loopback
    assert not Settings(host="0.0.0.0").is_loopback
    assert not Settings(host="sales.example").is_loopback


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first = Settings(var_dir=tmp_path).signing_key

    assert len(first) > 40
    assert Settings(var_dir=tmp_path).signing_key == first
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


def test_a_plain_postgresql_address_gets_our_driver() -> None:
    assert Settings(database_url="postgres://u@h/d").database == "postgresql+psycopg://u@h/d"
    assert Settings(database_url="postgresql://u@h/d").database == "postgresql+psycopg://u@h/d"


def test_without_an_address_the_data_are_a_file_in_the_folder(tmp_path: Path) -> None:
    assert Settings(var_dir=tmp_path).database == f"sqlite:///{tmp_path}/contentum.db"
