"""The database: tables, transactions, and a module per capability. Rows never leave this room; values do."""
