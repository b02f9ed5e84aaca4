// Why a project cannot be written or taken, as a code for programs and in words for a visitor.

/**
 * @typedef {'not-a-project'|'too-large'|'unsafe'|'damaged'|'changed'|'newer'|'other-backbone'|'unreadable-photo'
 *   |'unreadable'|'no-classes'|'no-head'|'diverged'} ProjectErrorCode
 */

export class ProjectError extends Error {
  /**
   * @param {ProjectErrorCode} code
   * @param {string} message a visitor can read it, and it says what can be done
   */
  constructor(code, message) {
    super(message);
    this.name = 'ProjectError';
    this.code = code;
  }
}

/**
 * A file that does not hold what it has to.
 * @param {string} where member of the zip, and place in it
 * @param {string} what
 */
export const damaged = (where, what) => new ProjectError('damaged', `This project is damaged: ${where}: ${what}.`);
