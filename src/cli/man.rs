//! `opsroom man`

use super::output::{self, exit};

/// Prints the manual page: the program, and then every command.
pub fn run() -> u8 {
    match page() {
        Ok(text) => output::print(&text),
        Err(error) => output::fail(exit::SOFTWARE, &format!("the manual can't be made: {error}"), ""),
    }
}

fn page() -> std::io::Result<String> {
    let mut command = super::command_line();
    command.build();
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut text)?;
    for below in command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help") {
        let name = format!("opsroom {}", below.get_name());
        let man = clap_mangen::Man::new(below.clone().display_name(name));
        man.render_synopsis_section(&mut text)?;
        man.render_description_section(&mut text)?;
        man.render_options_section(&mut text)?;
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_manual_names_every_command() {
        let page = super::page().unwrap();
        assert!(page.starts_with(".ie") || page.contains(".TH opsroom"), "{page}");
        assert!(page.contains("completions"));
        assert!(!page.contains("__panic"));
    }
}
