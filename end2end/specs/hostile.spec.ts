// Names that others choose are text: never markup, never a script, never a wider page.
import { expect, test } from '../harness/test.ts';

test.use({ demoArgs: ['--no-script', '--hostile'] });

for (const path of ['/', '/services', '/timeline', '/sources']) {
  test(`hostile names are text on ${path}`, async ({ page }) => {
    await page.goto(path);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    expect(await page.locator('img, main script, iframe').count()).toBe(0);
    await page.setViewportSize({ width: 390, height: 844 });
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(wider).toBeLessThanOrEqual(0);
  });
}

test('every service page shows what it was told as text', async ({ page, demo }) => {
  const { rows } = await demo.api<{ rows: { service: string }[] }>('/services?per=200');
  let seen = '';
  for (const { service } of rows.slice(0, 8)) {
    await page.goto(await demo.pathOf(service));
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    expect(await page.locator('img, main script, iframe').count()).toBe(0);
    seen += await page.getByRole('main').innerText();
  }
  expect(seen).toContain('<img src=x onerror=alert(1)>');
});
