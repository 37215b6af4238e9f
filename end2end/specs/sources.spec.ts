// The collectors' own health: how fresh, how often, at what cost.
import { expect, test } from '../harness/test.ts';

test('shows every source with its age, its rate and its calls', async ({ page }) => {
  await page.goto('/sources');
  const cards = page.getByRole('main').locator('section.source');
  await expect(cards).toHaveCount(6);
  for (const card of await cards.all()) {
    await expect(card).toContainText(/answered .*ago/);
    await expect(card).toContainText('answers completely');
    await expect(card).toContainText('closed: asking normally');
  }
  await expect(cards.filter({ hasText: 'ECS of' }).getByRole('table')).toContainText(/\d\/s/);
});

test('every page ends in where its facts come from', async ({ page }) => {
  await page.goto('/services');
  const links = page.getByRole('contentinfo').locator('.sources-line a');
  await expect(links).toHaveCount(6);
  await links.first().click();
  await expect(page).toHaveURL(/\/sources#/);
});
