"""Billing: what a service cost, who paid which share, receipts and settlement (结算)."""
