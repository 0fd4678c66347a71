"""A customer to rehearse against: its ServiceNow and its SAP. Never imports portal, never in a release."""
