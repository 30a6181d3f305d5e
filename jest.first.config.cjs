module.exports = require('./jest.suites.cjs').suite('first')
