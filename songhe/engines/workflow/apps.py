"""The app of engines.workflow."""

from django.apps import AppConfig


class WorkflowConfig(AppConfig):
    name = "songhe.engines.workflow"
    label = "workflow"
