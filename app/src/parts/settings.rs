//! A service's deployment settings over a step: what stands there, what the step borrows, what is handed back.

use domain::rollout::settings::Setting;
use domain::text;
use leptos::prelude::*;

use crate::ui::copy::copy;

/// The table; below it, where a person may have to, what hands them back.
pub(crate) fn settings(settings: &[Setting], hand_back: Option<&str>) -> AnyView {
    let rows = settings.iter().map(row).collect::<Vec<_>>();
    let by_hand = hand_back.map(|command| {
        view! { <p class="note">"Where its own are not back yet, this hands them back: "{copy(text::plain(command))}</p> }
    });
    view! {
        <table class="cards">
            <caption class="sr">"Deployment settings before, during and after the step"</caption>
            <thead>
                <tr>
                    <th scope="col">"Setting"</th>
                    <th scope="col">"Before"</th>
                    <th scope="col">"During the step"</th>
                    <th scope="col">"After"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
        {by_hand}
    }
    .into_any()
}

fn row(setting: &Setting) -> AnyView {
    let during = text::shown(&setting.during);
    // what is borrowed stands out
    let during = if setting.during == setting.before {
        view! { <bdi>{during}</bdi> }.into_any()
    } else {
        view! { <b><bdi>{during}</bdi></b> }.into_any()
    };
    view! {
        <tr data-key=setting.name.clone()>
            <th scope="row" data-label="Setting"><code><bdi>{text::shown(&setting.name)}</bdi></code></th>
            <td data-label="Before"><bdi>{text::shown(&setting.before)}</bdi></td>
            <td data-label="During the step">{during}</td>
            <td data-label="After"><bdi>{text::shown(&setting.after)}</bdi></td>
        </tr>
    }
    .into_any()
}
