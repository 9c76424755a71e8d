namespace AltruistManager.Web.Ui.Shared;

/// <summary>One of many things as a <see cref="Finder"/> offers it.</summary>
/// <param name="Sub">What tells it from others of the same title.</param>
public sealed record Found(string Id, string Title, string Sub);
