/** Pictures as the API takes them, and where they come from. */
import { useEffect } from 'preact/hooks'

/** Takes pictures that are pasted anywhere on the page. */
export function usePastedPicture(take: (picture: string) => void): void {
  useEffect(() => {
    const paste = async (event: ClipboardEvent) => {
      const found = pastedPicture(event)
      if (found) take(await dataUrl(found))
    }
    document.addEventListener('paste', paste)
    return () => document.removeEventListener('paste', paste)
  }, [take])
}

/** The picture that is pasted, if it is one. */
export function pastedPicture(event: ClipboardEvent): File | undefined {
  return [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/'))
}

/** A picture of the form as the address of an image: the API also takes base64 alone. */
export function source(picture: string): string {
  return picture.startsWith('data:') ? picture : `data:image/png;base64,${picture}`
}

/** A file as text that the API takes. */
export function dataUrl(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(String(reader.result))
    reader.onerror = () => reject(reader.error)
    reader.readAsDataURL(file)
  })
}
