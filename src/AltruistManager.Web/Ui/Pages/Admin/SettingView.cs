using AltruistManager.Web.Running;

namespace AltruistManager.Web.Ui.Pages.Admin;

/// <summary>Where the value of a setting comes from, in words.</summary>
internal static class SettingView
{
    /// <returns>To go on after the value; who set it and when is told beside it.</returns>
    public static string SourceOf(SettingState state) => state switch
    {
        { IsIgnored: true } => $"what staff have set, {state.Stored!.Value}, cannot be used any more",
        { Stored: not null } => "set here",
        _ when state.Configured == state.Default => "the default",
        _ => "from the configuration",
    };

    /// <summary>What comes back when it is as configured again.</summary>
    public static string FallbackOf(SettingState state) => state.Configured == state.Default ? $"default {state.Default}" : $"configured {state.Configured}, default {state.Default}";
}
