/** A picture of the server. */
import { useEffect, useState } from 'preact/hooks'
import { apiKey, request } from '../server/client'
import type { PictureInfo } from '../server/types'

interface PictureProps {
  readonly picture: PictureInfo
  readonly alt: string
}

/** An image; where the server asks for a key, which an address cannot hold, it is fetched first. */
export function Picture({ picture: { url, width, height }, alt }: PictureProps) {
  const [own, setOwn] = useState<string>()
  const needsKey = apiKey.value !== ''
  useEffect(() => {
    if (!needsKey) return
    let made: string | undefined
    let isLeft = false
    fetchPicture(url).then(
      blob => {
        if (isLeft) return
        made = URL.createObjectURL(blob)
        setOwn(made)
      },
      () => undefined,
    )
    return () => {
      isLeft = true
      if (made !== undefined) URL.revokeObjectURL(made)
    }
  }, [url, needsKey])
  const address = needsKey ? own : url
  return <img class="picture" src={address} alt={alt} width={width} height={height} />
}

/** The file of a picture. @throws ServerProblem, ServerAwayError */
export async function fetchPicture(url: string): Promise<Blob> {
  return (await request(url)).blob()
}
