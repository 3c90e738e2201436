//! Which characters draw nothing, move others about, or only make sense inside an emoji.

/// Zero-width joiner: kept between two parts of an emoji.
pub(super) const JOINER: char = '\u{200d}';
/// Emoji presentation: kept after an emoji.
pub(super) const EMOJI_STYLE: char = '\u{fe0f}';
/// The box around a keycap digit.
pub(super) const KEYCAP: char = '\u{20e3}';

/// Bidi controls, zero-width and filler characters, tags, variation selectors, and the Arabic and other signs that
/// swallow what follows into their own cell. All are legal, none is needed to read a log, and each can hide text,
/// reorder it, or make one line look like another.
pub(crate) const fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
        | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Roughly `Emoji`: what a joiner or an emoji presentation may follow. Too wide is harmless here, too narrow would
/// take an emoji apart.
pub(super) const fn is_emoji(c: char) -> bool {
    matches!(c,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{21ff}'
        | '\u{2300}'..='\u{23ff}' | '\u{24c2}' | '\u{25aa}'..='\u{25fe}' | '\u{2600}'..='\u{27bf}'
        | '\u{2900}'..='\u{297f}' | '\u{2b00}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}'
        | '\u{1f000}'..='\u{1faff}')
}

/// What a keycap may be made of.
pub(super) const fn is_keycap_base(c: char) -> bool {
    matches!(c, '0'..='9' | '#' | '*')
}
