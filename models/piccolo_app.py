"""Tells Piccolo where the migrations are."""

from pathlib import Path

from piccolo.conf.apps import AppConfig

APP_CONFIG = AppConfig(
    app_name="gatehouse",
    migrations_folder_path=str(Path(__file__).parent / "migrations"),
)
