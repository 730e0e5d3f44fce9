{% load static %}"use strict";
const TOLD = {{ told|safe }};
{% for script in scripts %}importScripts("{% static script %}");
{% endfor %}importScripts("{% static 'worker/answering.js' %}");
