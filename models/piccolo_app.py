"""Tells Piccolo where the migrations are and which tables there should be."""

from pathlib import Path

from piccolo.conf.apps import AppConfig

from models.tables import TABLES

APP_CONFIG = AppConfig(
    app_name="gatehouse",
    migrations_folder_path=str(Path(__file__).parent / "migrations"),
    table_classes=list(TABLES),
)
