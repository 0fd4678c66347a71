"""The rehearsal of one month: a contract, two people, and every step from collecting to SAP's answer. Test mode only."""
