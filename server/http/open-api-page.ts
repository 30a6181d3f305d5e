/** A page that shows the server's description to people. It needs nothing from elsewhere. */

/** The page. `nonce` lets its own script and style run, and no others; `source` is the address of the description. */
export function openApiPage(source: string, nonce: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tesserae API</title>
<style nonce="${nonce}">
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h2 { margin-top: 2rem }
summary { cursor: pointer; padding: .25rem 0 }
code, pre { font: .9em ui-monospace, monospace }
pre { overflow: auto; padding: 1rem; border: 1px solid GrayText }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .25rem .5rem; border-bottom: 1px solid GrayText }
</style>
</head>
<body>
<main>
<h1>Tesserae API</h1>
<p>As a file for tools: <a href="${source}">openapi.json</a></p>
<div id="content" aria-live="polite">Loading…</div>
</main>
<script nonce="${nonce}">
const content = document.getElementById('content')
const element = (name, text, ...children) => {
  const made = document.createElement(name)
  if (text) made.textContent = text
  made.append(...children)
  return made
}
const typeOf = schema => schema.type ?? (schema.enum ?? [schema.const]).filter(value => value !== undefined).map(value => JSON.stringify(value)).join(' | ')
  ?? ''
const typeText = schema => (schema.anyOf ?? [schema]).map(each => each.contentMediaType ?? typeOf(each)).join(' or ')
const range = ({ minimum, maximum }) => [minimum !== undefined && '≥ ' + minimum, maximum !== undefined && maximum < 2 ** 53 - 1 && '≤ ' + maximum].filter(Boolean).join(', ')
const row = (cells, kind = 'td') => element('tr', '', ...cells.map(cell => element(kind, cell)))
const tableOf = schema => {
  const body = Object.entries(schema.properties ?? {}).map(([name, property]) => row([
    name + ((schema.required ?? []).includes(name) ? ' (required)' : ''),
    typeText(property),
    range(property),
    property.default === undefined ? '' : JSON.stringify(property.default),
    property.description ?? '',
  ]))
  return element('table', '', element('thead', '', row(['name', 'type', 'range', 'default', 'description'], 'th')), element('tbody', '', ...body))
}
fetch(${JSON.stringify(source)}).then(answer => answer.json()).then(api => {
  content.textContent = ''
  content.append(element('h2', 'Requests'))
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      if (!operation.operationId) continue
      const answers = Object.entries(operation.responses).map(([code, { description }]) => element('li', code + ': ' + description))
      content.append(element('details', '', element('summary', '', element('code', method.toUpperCase() + ' ' + path), ' ' + operation.summary), element('ul', '', ...answers)))
    }
  }
  for (const [name, schema] of Object.entries(api.components.schemas)) {
    if (!name.startsWith('Inputs.')) continue
    content.append(element('h2', 'Inputs of ' + name.slice(7)), element('p', schema.description), tableOf(schema))
  }
}).catch(() => { content.textContent = 'The description cannot be loaded.' })
</script>
</body>
</html>
`
}
