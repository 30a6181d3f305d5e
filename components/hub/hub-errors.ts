/** What can go wrong with the Hub. Counterpart: huggingface_hub errors.py. */
import { ModularError } from '../../src/errors/modular-error'
import { nameList } from '../../src/errors/text'

/** What was asked for. */
export interface HubTarget {
  /** Repository, e.g. `org/name`. */
  readonly repository: string
  readonly revision?: string | undefined
  /** Path of a file in it. */
  readonly file?: string | undefined
}

/** What the server answered. */
export interface HubAnswer {
  readonly status: number
  /** The address that was asked, without what follows a `?`: signatures are secret. */
  readonly url: string
  /** What the server says is wrong. */
  readonly message?: string | undefined
  readonly requestId?: string | undefined
  /** The commit that the revision stands for. */
  readonly commit?: string | undefined
  /** Seconds after which to ask again, if the server says so. */
  readonly retryAfter?: number | undefined
}

/** The Hub refused a request, or kept failing. */
export class HubRequestError extends ModularError {
  override readonly code: string = 'HUB_REQUEST'
  /** Id of the repository. */
  readonly repository: string
  /** Branch, tag or commit that was asked for. */
  readonly revision: string | undefined
  /** Path of the file in the repository, if one was asked for. */
  readonly file: string | undefined
  /** Status of the server's answer. */
  readonly status: number
  /** Address that was asked. */
  readonly url: string
  /** Id of the request, for the Hub's support. */
  readonly requestId: string | undefined
  /** Seconds after which to ask again, if the server says so. */
  readonly retryAfter: number | undefined

  constructor(
    target: HubTarget,
    answer: HubAnswer,
    problem = `the Hub answered with the status ${answer.status}. ${adviceFor(answer.status)}`,
  ) {
    const said = answer.message === undefined ? '' : ` The server says: ${answer.message}`
    const request = answer.requestId === undefined ? '' : `, request ${answer.requestId}`
    super(`${target.repository}: ${problem}${said} (${answer.url}${request})`)
    this.repository = target.repository
    this.revision = target.revision
    this.file = target.file
    this.status = answer.status
    this.url = answer.url
    this.requestId = answer.requestId
    this.retryAfter = answer.retryAfter
  }
}

function adviceFor(status: number): string {
  if (status === 429) return 'Too many requests: wait a while, or log in for a higher limit.'
  if (status >= 500) return 'The server has a problem: try again later.'
  return 'Check the id, the revision and the token.'
}

/** There is no such repository, or it is private and no token with access to it was sent. */
export class RepositoryNotFoundError extends HubRequestError {
  override readonly code = 'REPOSITORY_NOT_FOUND'

  constructor(target: HubTarget, answer: HubAnswer, hasToken: boolean) {
    const token = hasToken
      ? 'that the token has access to it'
      : 'set a token (HF_TOKEN, or `hf auth login`) if it is private'
    super(
      target,
      answer,
      `there is no folder of that name here, and no such repository on the Hub. Check the id, and ${token}.`,
    )
  }
}

/** The repository exists, but its owner has to let readers in one by one. */
export class GatedRepoError extends HubRequestError {
  override readonly code = 'GATED_REPOSITORY'

  constructor(target: HubTarget, answer: HubAnswer, endpoint: string) {
    super(
      target,
      answer,
      `access to this repository must be granted. Request it at ${endpoint}/${target.repository}, and set the token of the account that has it (HF_TOKEN).`,
    )
  }
}

/** The repository has no such branch, tag or commit. */
export class RevisionNotFoundError extends HubRequestError {
  override readonly code = 'REVISION_NOT_FOUND'

  constructor(target: HubTarget, answer: HubAnswer) {
    super(target, answer, `has no revision "${target.revision ?? 'main'}". Name a branch, a tag or a full commit.`)
  }
}

/** The revision holds no such file. */
export class EntryNotFoundError extends HubRequestError {
  override readonly code = 'ENTRY_NOT_FOUND'
  /** The commit that was looked in, if the server says so. */
  readonly commit: string | undefined

  constructor(target: HubTarget, answer: HubAnswer) {
    super(
      target,
      answer,
      `holds no file "${target.file ?? ''}" in the revision "${target.revision ?? 'main'}". Check its name and the revision.`,
    )
    this.commit = answer.commit
  }
}

/** The access token is not valid, or does not allow this. */
export class TokenRefusedError extends HubRequestError {
  override readonly code = 'TOKEN_REFUSED'

  constructor(target: HubTarget, answer: HubAnswer, hasToken: boolean) {
    const problem = !hasToken
      ? 'this needs an access token. Set HF_TOKEN, or run `hf auth login`.'
      : answer.status === 401
        ? 'the access token is not valid. Make a new one in the settings of your account, and set HF_TOKEN.'
        : 'the access token does not allow this. Give it the permission in the settings of your account.'
    super(target, answer, problem)
  }
}

/** The server cannot be reached, or fell silent. */
export class HubConnectionError extends ModularError {
  override readonly code = 'HUB_CONNECTION'

  constructor(
    /** Id of the repository. */
    readonly repository: string,
    /** The server that was asked. */
    readonly host: string,
    detail: string,
    cause?: unknown,
  ) {
    super(
      `${repository}: there is no folder of that name here, and ${host} cannot be reached: ${detail}. The downloaded part is kept. Check the connection and try again, or use ` +
        'the cache with HF_HUB_OFFLINE=1.',
      { cause },
    )
  }
}

/** Something is needed that is not in the cache, and network requests are turned off. */
export class OfflineModeError extends ModularError {
  override readonly code = 'OFFLINE_MODE'

  constructor(
    /** Id of the repository. */
    readonly repository: string,
    /** Branch, tag or commit that was asked for. */
    readonly revision: string,
    /** What is missing; empty if nothing of the revision is cached. */
    readonly missing: readonly string[],
    /** Where was looked. */
    readonly cache: string,
    /** What forbids asking the server. */
    readonly reason: 'HF_HUB_OFFLINE' | 'localFilesOnly',
  ) {
    const what =
      missing.length === 0
        ? `there is no folder of that name here, and the revision "${revision}" is not in the cache ${cache}`
        : `the cache ${cache} lacks ${nameList(missing.slice(0, 3))}${missing.length > 3 ? ` and ${missing.length - 3} more` : ''} of the revision "${revision}"`
    const how =
      reason === 'HF_HUB_OFFLINE' ? 'unset HF_HUB_OFFLINE' : 'leave out localFilesOnly (on the command line: --offline)'
    super(`${repository}: ${what}, and network requests are turned off. To download it, ${how}.`)
  }
}

/** What came in is not what the Hub says the file is. */
export class CorruptDownloadError extends ModularError {
  override readonly code = 'CORRUPT_DOWNLOAD'

  constructor(
    /** Id of the repository. */
    readonly repository: string,
    /** Path of the file in the repository. */
    readonly file: string,
    detail: string,
  ) {
    super(
      `${repository}: "${file}" was damaged in two downloads: ${detail}. The downloaded data was removed. Try again, or use another network: a proxy may be changing files.`,
    )
  }
}

/** The Hub answered something that makes no sense, or names a file outside of the repository. */
export class InvalidHubAnswerError extends ModularError {
  override readonly code = 'INVALID_HUB_ANSWER'

  constructor(
    /** Id of the repository. */
    readonly repository: string,
    problem: string,
  ) {
    super(`${repository}: ${problem} Check that the endpoint (HF_ENDPOINT) is a Hugging Face Hub.`)
  }
}

/** An id, a revision or a path that no repository can have. */
export class InvalidRepositoryNameError extends ModularError {
  override readonly code = 'INVALID_REPOSITORY_NAME'

  constructor(
    /** The name that was given. */
    readonly value: string,
    problem: string,
  ) {
    super(`${JSON.stringify(value)} ${problem}`)
  }
}

/** A setting of the environment, or an option, that cannot be used. */
export class InvalidHubSettingError extends ModularError {
  override readonly code = 'INVALID_HUB_SETTING'

  constructor(
    /** Where it comes from, e.g. `HF_TOKEN`. */
    readonly setting: string,
    problem: string,
  ) {
    super(`The Hub: ${setting} ${problem}.`)
  }
}
