/** What every result store does. */
import { InvalidKeyError, type ResultStore } from 'tesserae/server'

/** The content of a file; `undefined` if none exists. */
export async function read(store: ResultStore, job: string, key: string): Promise<string | undefined> {
  const file = await store.open(job, key)
  if (file === undefined) return undefined
  const text = await new Response(file.stream).text()
  expect(file.size).toBe(Buffer.byteLength(text))
  return text
}

const bytes = (text: string) => new TextEncoder().encode(text)

/** Tests of one engine. */
export function describeStore(name: string, open: () => Promise<ResultStore>): void {
  describe(name, () => {
    let store: ResultStore
    beforeEach(async () => {
      store = await open()
    })
    afterEach(async () => store.close())

    test('is ready', async () => {
      await store.check()
    })

    test('returns what was put, with its media type', async () => {
      await store.put('emoji~1', 'images-0.png', bytes('a picture'))
      await store.put('emoji~1', 'previews/3-0.webp', bytes('ä preview'))
      expect(await read(store, 'emoji~1', 'images-0.png')).toBe('a picture')
      expect(await read(store, 'emoji~1', 'previews/3-0.webp')).toBe('ä preview')
      expect((await store.open('emoji~1', 'images-0.png'))?.mediaType).toBe('image/png')
      const preview = await store.open('emoji~1', 'previews/3-0.webp')
      expect(preview?.mediaType).toBe('image/webp')
      await preview?.stream.cancel()
    })

    test('replaces a file, and has none that nobody put', async () => {
      await store.put('emoji~2', 'run.safetensors', bytes('old'))
      await store.put('emoji~2', 'run.safetensors', bytes('newer'))
      expect(await read(store, 'emoji~2', 'run.safetensors')).toBe('newer')
      expect(await read(store, 'emoji~2', 'other')).toBeUndefined()
      expect(await read(store, 'emoji~none', 'run.safetensors')).toBeUndefined()
    })

    test('removes a file, and all files of a job', async () => {
      for (const key of ['a.png', 'b.png', 'previews/c.png']) await store.put('emoji~3', key, bytes(key))
      await store.put('emoji~33', 'a.png', bytes('of another job'))
      await store.remove('emoji~3', 'a.png')
      await store.remove('emoji~3', 'never-there.png')
      expect(await read(store, 'emoji~3', 'a.png')).toBeUndefined()
      expect(await read(store, 'emoji~3', 'b.png')).toBe('b.png')
      await store.removeJob('emoji~3')
      await store.removeJob('emoji~3')
      expect(await read(store, 'emoji~3', 'previews/c.png')).toBeUndefined()
      expect(await read(store, 'emoji~33', 'a.png')).toBe('of another job')
    })

    test('removes jobs that were last written to before a time, and nothing else', async () => {
      await store.put('emoji~4', 'a.png', bytes('a'))
      await store.put('emoji~5', 'previews/b.png', bytes('b'))
      await store.put('notes', 'c.png', bytes('of no job'))
      expect(await store.removeOlderThan(Date.now() - 60_000)).toEqual([])
      const removed = await store.removeOlderThan(Date.now() + 60_000)
      expect(removed).toEqual(expect.arrayContaining(['emoji~4', 'emoji~5']))
      expect(removed).not.toContain('notes')
      expect(await read(store, 'emoji~5', 'previews/b.png')).toBeUndefined()
      expect(await read(store, 'notes', 'c.png')).toBe('of no job')
      await store.removeJob('notes')
    })

    test.each([
      ['..', 'x'],
      ['emoji~1', '../x'],
      ['emoji~1', 'a/../../x'],
      ['emoji~1', '/etc/passwd'],
      ['emoji~1', ''],
      ['', 'x'],
      ['emoji~1', 'a//b'],
      ['emoji~1', '.hidden'],
      ['emoji~1', 'a\\b'],
      ['emoji~1', 'a\0b'],
      ['a/b', 'c%2e'],
    ])('refuses the key %p, %p', async (job, key) => {
      await expect(store.open(job, key)).rejects.toThrow(InvalidKeyError)
      await expect(store.put(job, key, bytes('x'))).rejects.toThrow(InvalidKeyError)
    })
  })
}
