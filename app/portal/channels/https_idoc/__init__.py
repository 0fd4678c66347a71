"""IDocs in XML to a customer's SAP over HTTPS (its service /sap/bc/idoc_xml). README.md has the settings."""

from portal.channels.https_idoc.channel import HttpsIdoc

CHANNEL = HttpsIdoc()
