namespace AltruistManager.Web.Tests.EndToEnd;

/// <summary>Where things are in the checkout these tests were built from.</summary>
internal static class Checkout
{
    public static string Root { get; } = FindRoot();

    /// <summary>Real EVM nodes, installed by <c>eng/test.sh</c>.</summary>
    public static string Anvil => Existing(Path.Combine(Root, "tests/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"), "npm ci --ignore-scripts, in tests/");

    /// <summary>The service, built with the configuration and framework of the tests.</summary>
    public static string Service
    {
        get
        {
            var own = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
            var framework = Path.GetFileName(own);
            var configuration = Path.GetFileName(Path.GetDirectoryName(own)!);
            return Existing(Path.Combine(Root, "src/AltruistManager.Web/bin", configuration, framework, "altruist-manager.dll"), "dotnet build");
        }
    }

    /// <summary>A folder for what a test leaves to be looked at.</summary>
    public static string Artifacts(string name) => Directory.CreateDirectory(Path.Combine(Root, "artifacts", name)).FullName;

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
