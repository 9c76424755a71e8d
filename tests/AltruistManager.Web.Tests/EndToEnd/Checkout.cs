namespace AltruistManager.Web.Tests.EndToEnd;

/// <summary>Where things are in the checkout these tests were built from.</summary>
internal static class Checkout
{
    public static string Root { get; } = FindRoot();

    /// <summary>Real EVM nodes, installed by <c>eng/test.sh</c>.</summary>
    public static string Anvil => Existing(Path.Combine(Root, "tests/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"), "npm ci --ignore-scripts, in tests/");

    /// <summary>The service, built with the configuration and framework of the tests.</summary>
    public static string Service => Built("src/AltruistManager.Web", "altruist-manager.dll");

    /// <summary>The portal of <c>samples/Portal</c>, built likewise.</summary>
    public static string SamplePortal => Built("samples/Portal", "Portal.dll");

    /// <summary>A folder for what a test leaves to be looked at.</summary>
    public static string Artifacts(string name) => Directory.CreateDirectory(Path.Combine(Root, "artifacts", name)).FullName;

    private static string Built(string project, string name)
    {
        var own = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        var framework = Path.GetFileName(own);
        var configuration = Path.GetFileName(Path.GetDirectoryName(own)!);
        return Existing(Path.Combine(Root, project, "bin", configuration, framework, name), "dotnet build");
    }

    private static string Existing(string path, string madeBy) =>
        File.Exists(path) ? path : throw new InvalidOperationException($"{path} is missing: run {madeBy}");

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "AltruistManager.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException($"no AltruistManager.sln above {AppContext.BaseDirectory}");
    }
}
