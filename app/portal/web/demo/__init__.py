"""The rehearsal of one month: a contract, its people, and every step up to SAP's answer. Test mode only."""
