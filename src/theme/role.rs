//! Roles: what a style is for.

/// Makes the enum, its names and the list of all from one table.
macro_rules! roles {
    ($($variant:ident $name:literal $doc:literal)+) => {
        /// What a style is for. The dotted name is the one in a theme's file.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Role {
            $(#[doc = $doc] $variant,)+
        }

        impl Role {
            /// Every role.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The dotted name in a theme's file.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Whether nothing but plots is drawn with it.
            pub(crate) fn is_of_plots(self) -> bool {
                self.name().starts_with("chart.")
            }
        }
    };
}

roles! {
    Text "text" "Normal text: the terminal's own colours in every shipped theme."
    TextDim "text.dim" "Text that matters less: units, separators, what is old."
    TextStrong "text.strong" "Text that matters more."
    TextLabel "text.label" "The name before a value."
    Border "border" "The frame of a panel."
    BorderFocus "border.focus" "The frame of the panel that has the focus."
    Title "title" "The name of a panel in its frame."
    TitleFocus "title.focus" "The name of the panel that has the focus."
    Brand "brand" "The program's name in the header."
    Environment "environment" "The environment's word where it is none of the known ones."
    EnvironmentProduction "environment.production" "The word production."
    EnvironmentStaging "environment.staging" "The word staging."
    EnvironmentDevelopment "environment.development" "The words development, test, demo and local."
    StatusOk "status.ok" "OK."
    StatusPending "status.pending" "PENDING."
    StatusDegraded "status.degraded" "DEGRADED."
    StatusDown "status.down" "DOWN: the word and glyph as a chip."
    StatusUnknown "status.unknown" "UNKNOWN."
    StatusCold "status.cold" "COLD START."
    SeverityLow "severity.low" "A low alert."
    SeverityMedium "severity.medium" "A medium alert."
    SeverityHigh "severity.high" "A high alert."
    SeverityCritical "severity.critical" "A critical alert: a chip."
    MarkStale "mark.stale" "The word STALE, and values that are."
    MarkAcknowledged "mark.acknowledged" "Acknowledged."
    MarkMaintenance "mark.maintenance" "In maintenance."
    MarkSilenced "mark.silenced" "Silenced."
    MarkInhibited "mark.inhibited" "Inhibited by something that is down."
    MarkFlapping "mark.flapping" "Flapping."
    MarkPaused "mark.paused" "Paused."
    ChipFrozen "chip.frozen" "FROZEN in the header."
    ChipReadOnly "chip.read-only" "READ-ONLY in the header."
    ChipOffline "chip.offline" "Our own network is down."
    ChipInsecure "chip.insecure" "Certificates are not checked."
    LevelFatal "level.fatal" "The word of a fatal record."
    LevelError "level.error" "The word of an error record."
    LevelWarn "level.warn" "The word of a warning."
    LevelInfo "level.info" "The word of an info record."
    LevelDebug "level.debug" "The word of a debug record."
    LevelTrace "level.trace" "The word of a trace record."
    LogTime "log.time" "The time of a record."
    LogService "log.service" "The service or log of a record."
    LogService1 "log.service.1" "A service or log, one of six by its name."
    LogService2 "log.service.2" "A service or log, one of six by its name."
    LogService3 "log.service.3" "A service or log, one of six by its name."
    LogService4 "log.service.4" "A service or log, one of six by its name."
    LogService5 "log.service.5" "A service or log, one of six by its name."
    LogService6 "log.service.6" "A service or log, one of six by its name."
    LogField "log.field" "The other fields of a record."
    LogMarker "log.marker" "A note of the follower itself: rotated, truncated, skipped."
    LogMark "log.mark" "The sign of a record that a person marked."
    LogMatch "log.match" "What the search found."
    LogMatchCurrent "log.match.current" "The match of the search at the cursor."
    ChartLine "chart.line" "The line of a chart, and sparklines."
    ChartFill "chart.fill" "Under the line of a chart, where nothing is wrong."
    ChartCritical "chart.critical" "Lines and bars past a critical threshold."
    ChartCompare "chart.compare" "The line that it is compared with."
    ChartAxis "chart.axis" "Axes and their labels."
    ChartCursor "chart.cursor" "The cursor in a chart."
    Selection "selection" "The selected row."
    SelectionIdle "selection.idle" "The selected row of a panel without the focus."
    Key "key" "A key in the footer, in help and in dialogs."
    KeyLabel "key.label" "What the key does."
    Input "input" "What is typed."
    InputPrompt "input.prompt" "The sign before what is typed."
    InputCaret "input.caret" "The cursor in an input line."
    InputError "input.error" "What is wrong with what is typed."
    Dialog "dialog" "The inside of a dialog."
    DialogBorder "dialog.border" "The frame of a dialog."
    DialogTitle "dialog.title" "The question of a dialog."
    DialogDanger "dialog.danger" "The frame and title of a dialog that changes the world."
    DialogButton "dialog.button" "A button."
    DialogButtonFocus "dialog.button.focus" "The button that has the focus."
    Command "command" "An argv, as it will run."
    ToastInfo "toast.info" "News."
    ToastGood "toast.good" "Good news."
    ToastWarning "toast.warning" "Something to know."
    ToastBad "toast.bad" "Bad news."
    Progress "progress" "The done part of a progress bar."
}

impl Role {
    /// The roles of names of services.
    pub(crate) const OF_SERVICES: [Self; 6] = [
        Self::LogService1,
        Self::LogService2,
        Self::LogService3,
        Self::LogService4,
        Self::LogService5,
        Self::LogService6,
    ];

    /// The role of a service's name: always the same for the same name, on every console. Some share one; the word tells
    /// them apart.
    pub(crate) fn of_service(name: &str) -> Self {
        // FNV-1a: spreads short names that differ in a letter.
        let hash = name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Self::OF_SERVICES[((hash >> 32) % 6) as usize]
    }

    /// The names from which a role takes its attributes, nearest first: `log.match.current`, `log.match`, `log`.
    pub(crate) fn fallbacks(self) -> impl Iterator<Item = &'static str> {
        let name = self.name();
        std::iter::successors(Some(name), |name| name.rfind('.').map(|dot| &name[..dot]))
    }
}

/// Whether a theme's file may use this dotted name: that of a role, or one that roles fall back to.
pub(super) fn is_known(name: &str) -> bool {
    Role::ALL.iter().any(|role| role.fallbacks().any(|known| known == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_falls_back_a_dot_at_a_time() {
        let names: Vec<_> = Role::LogMatchCurrent.fallbacks().collect();
        assert_eq!(names, ["log.match.current", "log.match", "log"]);
        assert_eq!(Role::Text.fallbacks().collect::<Vec<_>>(), ["text"]);
    }

    #[test]
    fn every_role_has_a_name_of_its_own() {
        let names: std::collections::HashSet<_> = Role::ALL.iter().map(|role| role.name()).collect();
        assert_eq!(names.len(), Role::ALL.len());
        assert!(is_known("log"), "a name that roles fall back to may be styled");
        assert!(!is_known("logs"));
    }
}
