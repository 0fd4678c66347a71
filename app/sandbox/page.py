"""The page at /sandbox/, one template without scripts and without anything from another host."""

from __future__ import annotations

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sandbox customer</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; color: #1d2733; margin: 0 auto; max-width: 82rem; padding: 1.5rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.note { background: #fff4d6; border-left: 4px solid #d99a00; padding: .6rem 1rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid #dde3ea; vertical-align: top; }
th { font-weight: 600; color: #51606f; white-space: nowrap; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code { background: #f1f4f7; padding: .1rem .3rem; }
button { font: inherit; font-size: .85rem; padding: .25rem .6rem; border: 1px solid #b9c4cf; border-radius: 4px;
  background: #fff; color: #1d2733; cursor: pointer; }
button:hover, button:focus-visible { background: #eef3f8; border-color: #51606f; }
button.main { background: #1d2733; color: #fff; }
.buttons { display: flex; flex-wrap: wrap; gap: .35rem; margin-top: .35rem; }
td.id { white-space: nowrap; }
.parked, .sent { color: #17693a; } .posted { color: #9a5b00; } .rejected { color: #b3261e; }
</style>
</head>
<body>
<h1>Sandbox customer</h1>
<p class="note">A rehearsal: no real customer, no real SAP. What is billed here is billed to nobody.</p>

<h2>Tickets</h2>
<p>{{ stock.origin }}</p>
<div class="scroll"><table>
<tr><th>Table</th><th>State</th><th class="n">Tickets</th></tr>
{% for table, state, count in states %}
<tr><td><code>{{ table }}</code></td><td>{{ state }}</td><td class="n">{{ count }}</td></tr>
{% endfor %}
</table></div>
{% if stock.notes %}
<p>In it on purpose: {% for name, count in stock.notes.items() %}{{ name | replace("_", " ") }}: {{ count }}
{%- if not loop.last %}; {% endif %}{% endfor %}.</p>
{% endif %}
{% if findings %}
<h2>Wrong in the file: {{ stock.findings | length }}</h2>
<p>Nothing was left out; these values are served as they stand.</p>
<ul>{% for finding in findings %}<li>{{ finding }}</li>{% endfor %}</ul>
{% endif %}

<h2>Received by SAP</h2>
{% if receipts %}
<div class="scroll"><table>
<tr><th>IDoc</th><th>Number</th><th>Received (UTC)</th><th class="n">Lines</th><th class="n">Net</th>
<th class="n">Tax</th><th class="n">Gross</th><th>Status</th><th>Acknowledgement</th></tr>
{% for r in receipts %}
<tr><td>{{ r.docnum.lstrip("0") }}</td><td class="id">{{ r.number }}</td>
<td>{{ r.received_at[:19] | replace("T", " ") }}</td>
<td class="n">{{ r.lines }}</td><td class="n">{{ r.net }}</td><td class="n">{{ r.tax }}</td>
<td class="n">{{ r.gross }} {{ r.currency }}</td>
<td class="{{ r.outcome }}">{{ r.status }} {{ r.outcome }}<br>{{ r.text }}</td>
<td class="{{ r.acknowledgement }}">{{ r.acknowledgement }}{% if r.attempts %}, {{ r.attempts }} attempt
{%- if r.attempts > 1 %}s{% endif %}{% endif %}{% if r.last_error %}<br>{{ r.last_error }}{% endif %}
<form method="post" action="/sandbox/acknowledge" class="buttons">
<input type="hidden" name="number" value="{{ r.number }}">
{% for outcome in outcomes %}<button name="outcome" value="{{ outcome }}" title="Acknowledge now as {{ outcome }}">
{{- outcome }}</button>
{% endfor %}</form></td></tr>
{% endfor %}
</table></div>
{% else %}
<p>Nothing yet. Proformas come in at <code>POST /sap/bc/idoc_xml?sap-client=NNN</code>.</p>
{% endif %}
<p>The buttons send an acknowledgement now, whatever was said before. Acknowledgements (ALEAUD01) go to
{% if acknowledge_url %}<code>{{ acknowledge_url }}</code>.{% else %}nobody: no address is set.{% endif %}</p>

<h2>Faults</h2>
{% if faults %}<p>On now, the first that fits strikes:</p>
<ul>{% for fault in faults %}<li><code>{{ fault | tojson }}</code></li>{% endfor %}</ul>
<form method="post" action="/sandbox/faults/clear"><button class="main">Switch all off</button></form>
{% else %}<p>None is on. Switch one on:</p>{% endif %}
<form method="post" action="/sandbox/faults" class="buttons">
{% for name in presets %}<button name="preset" value="{{ name }}">{{ name }}</button>
{% endfor %}</form>

<h2>Addresses</h2>
<div class="scroll"><table>
<tr><td><code>GET /api/now/table/incident</code>, <code>sc_req_item</code></td><td>ServiceNow's Table API</td></tr>
<tr><td><code>POST /oauth_token.do</code></td><td>its token endpoint</td></tr>
<tr><td><code>POST /sap/bc/idoc_xml?sap-client=NNN</code></td><td>IDoc-XML in (INVOIC02)</td></tr>
<tr><td><code>GET /sap/bc/proforma_status?number=...</code></td><td>what became of a number</td></tr>
<tr><td><code>GET POST DELETE /sandbox/faults</code></td><td>faults: see, switch on, switch all off</td></tr>
<tr><td><code>POST /sandbox/acknowledge</code></td><td>send an acknowledgement now</td></tr>
<tr><td><code>POST /sandbox/tickets</code></td><td>add or change a ticket</td></tr>
<tr><td><code>GET /sandbox/received</code>, <code>/sandbox/summary</code></td><td>this page as JSON</td></tr>
</table></div>
</body>
</html>
"""
