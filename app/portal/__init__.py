"""The portal: pulls tickets, composes proforma invoices, and delivers what people approved."""
