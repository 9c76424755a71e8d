namespace AltruistManager.Tests.Architecture;

/// <summary>The checkout that the tests were built from.</summary>
internal static class Checkout
{
    public static string Root { get; } = Find();

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "AltruistManager.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException($"no AltruistManager.sln above {AppContext.BaseDirectory}");
    }
}
