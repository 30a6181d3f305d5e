module.exports = require('./jest.suites.cjs').suite('rest')
