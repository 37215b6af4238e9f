// `cargo xtask screens`: pictures for people to look at, by the same harness as the tests.
import tests from './playwright.config.ts';

export default { ...tests, testDir: 'screens', workers: 1, projects: [{ name: 'screens' }] };
