"""Where Piccolo finds the database and the migrations."""

from piccolo.conf.apps import AppRegistry

from models.database import DB

__all__ = ["APP_REGISTRY", "DB"]

APP_REGISTRY = AppRegistry(apps=["models.piccolo_app"])
