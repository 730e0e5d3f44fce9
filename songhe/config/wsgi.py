"""The WSGI application that `songhe web` serves."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "songhe.config.settings")
application = get_wsgi_application()
# All that is loaded stays: the collector need not look through it in the middle of somebody's page.
_ = get_resolver().url_patterns
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 50)
