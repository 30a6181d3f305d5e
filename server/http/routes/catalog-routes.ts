/** What a server offers: its pipelines with their schemas. */
import type { FastifyInstance } from 'fastify'
import type { CatalogEntry } from '../catalog'
import { Problem } from '../problem'
import type { Service } from '../service'

/** Adds the routes. */
export function addCatalogRoutes(app: FastifyInstance, { catalog, limits }: Service): void {
  app.get('/v1/pipelines', async () => ({ pipelines: catalog.all.map(viewEntry), limits }))

  app.get<{ Params: { name: string } }>('/v1/pipelines/:name', async request => {
    const entry = catalog.get(request.params.name)
    if (entry === undefined) throw new Problem(404, 'unknown-pipeline', 'There is no such pipeline.')
    return viewEntry(entry)
  })
}

function viewEntry({ name, description, schema, workflows }: CatalogEntry) {
  const schemas = [...workflows].map(([workflow, task]) => [workflow, task.schema] as const)
  return { name, description, ...schema, workflows: Object.fromEntries(schemas) }
}
