/** What a server offers: its pipelines with their schemas. */
import type { FastifyInstance } from 'fastify'
import type { CatalogEntry } from '../catalog'
import type { Service } from '../service'

/** Adds the routes. */
export function addCatalogRoutes(app: FastifyInstance, { catalog, limits }: Service): void {
  app.get('/v1/pipelines', async () => ({ pipelines: catalog.all.map(viewEntry), limits }))

  app.get<{ Params: { name: string } }>('/v1/pipelines/:name', async request => {
    return viewEntry(catalog.require(request.params.name))
  })
}

function viewEntry({ name, description, schema, workflows }: CatalogEntry) {
  const schemas = [...workflows].map(([workflow, task]) => [workflow, task.schema] as const)
  return { name, description, ...schema, workflows: Object.fromEntries(schemas) }
}
