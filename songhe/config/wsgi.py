"""The WSGI application that `songhe web` serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "songhe.config.settings")
application = get_wsgi_application()
