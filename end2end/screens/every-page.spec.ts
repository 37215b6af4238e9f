// Pictures, not tests: `cargo xtask screens` saves them and people look at them.
import { join } from 'node:path';
import { test } from '../harness/test.ts';
import { pages, themes } from '../harness/pages.ts';

const to = process.env.SIGNALBOX_SCREENS ?? 'screens';

test.use({ tolerated: /404/ });

for (const { name, path } of pages) {
  for (const width of [390, 1280, 1920]) {
    for (const theme of themes) {
      test(`${name} at ${width}, ${theme}`, async ({ page, demo }) => {
        await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
        await page.emulateMedia({ colorScheme: theme });
        await page.goto(await path(demo));
        await page.getByRole('status').filter({ hasText: 'live' }).waitFor();
        await page.screenshot({ path: join(to, `${name}-${width}-${theme}.png`), fullPage: true });
      });
    }
  }
}
