"""What people of an international company write to their service desk. Invented; any likeness is chance."""

from __future__ import annotations

INCIDENTS: tuple[tuple[str, str, str], ...] = (
    ("VPN disconnects every {n} minutes since this morning", "network", "Netzwerk Zürich"),
    ("VPN-Verbindung bricht ständig ab, Standort {site}", "network", "Netzwerk Zürich"),
    ("Outlook startet nicht: „Der Informationsspeicher konnte nicht geöffnet werden“", "email", "Service Desk"),
    ("Outlook search returns nothing for mails older than {n} days", "email", "Service Desk"),
    ("Passwort abgelaufen, Änderung über das Portal schlägt fehl", "access", "Service Desk"),
    ("Account locked after holiday, user cannot sign in to {app}", "access", "Service Desk"),
    ("{app}: Buchung bricht mit Laufzeitfehler TSV_TNEW_PAGE_ALLOC_FAILED ab", "sap", "SAP Basis"),
    ("{app} response time above {n} seconds in the order entry", "sap", "SAP Basis"),
    ("Drucker {printer} zieht kein Papier ein", "hardware", "Vor-Ort-Service"),
    ("Printer {printer} prints umlauts (ä, ö, ü) as question marks", "hardware", "Vor-Ort-Service"),
    ("Notebook {notebook} fährt nach dem Update nicht mehr hoch", "hardware", "Vor-Ort-Service"),
    ("Docking station: second monitor stays black", "hardware", "Vor-Ort-Service"),
    ("WLAN im Besprechungsraum {n} in {site} sehr langsam", "network", "Netzwerk Zürich"),
    ("Kein Netz an mehreren Arbeitsplätzen, Gebäude {n}, {site}", "network", "Netzwerk Zürich"),
    ("Shared drive Q: not reachable from {site}", "storage", "Server & Storage"),
    ("Versehentlich gelöschter Ordner, bitte aus der Sicherung zurückholen", "storage", "Server & Storage"),
    ("Backup job of {server} failed {n} nights in a row", "storage", "Server & Storage"),
    ("Teams: Kollegen hören mich nicht, Headset wird nicht erkannt", "collaboration", "Service Desk"),
    ("Teams meeting room in {site} cannot join external meetings", "collaboration", "Service Desk"),
    ("Phishing mail reported, sender pretends to be the CFO", "security", "Informationssicherheit"),
    ("Virenscanner meldet Fund auf {notebook}, Quarantäne fehlgeschlagen", "security", "Informationssicherheit"),
    ("Certificate of the intranet page expires in {n} days", "security", "Informationssicherheit"),
    ("{app} export to Excel cuts the text after {n} characters", "application", "Applikationsbetrieb"),
    ("{app}: Fehlermeldung „Zugriff verweigert“ beim Öffnen der Übersicht", "application", "Applikationsbetrieb"),
    ("Interface {app} to the warehouse stopped, {n} messages waiting", "application", "Applikationsbetrieb"),
    ("Batch job in {app} läuft seit gestern {n} Stunden", "application", "Applikationsbetrieb"),
    ("Barcode scanner in the warehouse {site} loses its connection", "hardware", "Vor-Ort-Service"),
    ("Telefonanlage {site}: keine ausgehenden Gespräche möglich", "telephony", "Netzwerk Zürich"),
    ("Mobile phone no longer synchronises the calendar", "mobile", "Service Desk"),
    ("MFA-App zeigt nach Gerätewechsel keine Codes mehr an", "access", "Service Desk"),
)
REQUESTS: tuple[tuple[str, str, str], ...] = (
    ("New notebook for {person}", "Notebook", "Vor-Ort-Service"),
    ("Neues Notebook für {person}, Eintritt nächsten Monat", "Notebook", "Vor-Ort-Service"),
    ("Access to {app}, role display, for {person}", "Application access", "Applikationsbetrieb"),
    ("Berechtigung {app} für {person}", "Application access", "Applikationsbetrieb"),
    ("Shared mailbox for the project team in {site}", "Mailbox", "Service Desk"),
    ("Änderung des Nachnamens nach Heirat: {person}", "Account change", "Service Desk"),
    ("Install Adobe Acrobat Pro on {notebook}", "Software", "Service Desk"),
    ("Softwareinstallation Visio auf {notebook}", "Software", "Service Desk"),
    ("Mobile phone and contract for {person}", "Mobile phone", "Vor-Ort-Service"),
    ("Umzug Arbeitsplatz von Gebäude {n} nach {site}", "Workplace move", "Vor-Ort-Service"),
    ("Restore of a SharePoint page", "Data restore", "Server & Storage"),
    ("Firewall rule for the supplier portal, port 443", "Firewall", "Netzwerk Zürich"),
    ("Deactivate account of {person}, last day of the month", "Account change", "Service Desk"),
    ("VPN access for an external consultant ({n} months)", "VPN access", "Netzwerk Zürich"),
)
AWKWARD: tuple[str, ...] = (
    '=SUMME(A1:A9) zeigt in der Excel-Vorlage „Reisekosten" nur noch #WERT!',
    "-5 °C im Serverraum angezeigt, Sensor defekt?",
    "Intranet shows <b>raw HTML</b> & broken “quotes” on the start page; see user's screenshot",
    "Sehr ausführliche Meldung: Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft steht "
    "im Adressfeld, und dadurch verrutscht auf jedem Lieferschein die Anschrift in die Zeile der Umsatzsteuer",
)
"""text that breaks careless spreadsheets, pages and layouts"""
TEST_TICKETS: tuple[str, ...] = (
    "[TEST] Monitoring probe, please ignore",
    "[TEST] Schnittstelle nach Release geprüft",
    "[TEST] training of new agents",
)
APPS = ("SAP S/4HANA", "SAP ERP", "Salesforce", "the HR portal", "Confluence", "DATEV", "the quality database")
SITES = ("Zürich", "München", "Kraków", "Málaga", "Göteborg", "Düsseldorf", "Wien", "Besançon")
DEVICES = {"notebook": "NB-", "printer": "PRN-", "server": "SRV-"}
FIRST = ("José", "Łukasz", "Jürgen", "Zoë", "Anna", "Björn", "Céline", "Dagmar", "Emre", "François", "Grażyna", "Håkon")
LAST = ("García", "Wójcik", "Müller", "O'Brien", "Schröder", "Lindström", "Lefèvre", "Groß", "Öztürk", "Núñez", "Šimić")
