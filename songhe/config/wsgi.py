"""The WSGI application that `songhe web` serves."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from songhe.kernel.collector import leave_loaded_alone

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "songhe.config.settings")
application = get_wsgi_application()
_ = get_resolver().url_patterns
leave_loaded_alone()
