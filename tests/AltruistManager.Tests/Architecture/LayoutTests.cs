namespace AltruistManager.Tests.Architecture;

/// <summary>The layout of the sources as they are, and the rules on planted violations.</summary>
public sealed class LayoutTests
{
    [Fact]
    public void Sources_keep_to_the_layout()
    {
        var src = Path.Combine(Checkout.Root, "src");
        var files = Directory.EnumerateFiles(src, "*", SearchOption.AllDirectories)
            .Select(path => (Full: path, Relative: Path.GetRelativePath(src, path).Replace('\\', '/')))
            .Where(file => !file.Relative.Split('/').Any(part => part is "bin" or "obj" or "node_modules"))
            .ToList();
        var sources = files.Where(file => Path.GetExtension(file.Full) is ".cs" or ".razor")
            .Select(file => new SourceFile(file.Relative, File.ReadAllText(file.Full)))
            .ToList();
        Assert.True(sources.Count > 20, $"only {sources.Count} sources found below {src}");

        var violations = LayoutRules.Check(sources)
            .Concat(files.Where(file => Path.GetExtension(file.Full) == ".csproj").SelectMany(file => LayoutRules.CheckProject(file.Relative, File.ReadAllText(file.Full))))
            .ToList();

        Assert.True(violations.Count == 0, string.Join('\n', violations));
    }

    [Theory]
    [InlineData("AltruistManager/Chains/A.cs", "using AltruistManager.Health;", "Chains comes before Health")]
    [InlineData("AltruistManager/Health/A.cs", "using Picks = AltruistManager.Selection.Selector;", "Health comes before Selection")]
    [InlineData("AltruistManager/Probing/A.cs", "class A { AltruistManager.Health.Verdict? verdict; }", "Probing comes before Health")]
    [InlineData("AltruistManager/Probing/A.cs", "class A { Health.Verdict? verdict; }", "Probing comes before Health")]
    [InlineData("AltruistManager/Points/A.cs", "using static AltruistManager.History.Rollup;", "Points comes beside History")]
    [InlineData("AltruistManager/Storage/A.cs", "using AltruistManager.Chains;", "Storage knows no feature")]
    [InlineData("AltruistManager/Scheduling/A.cs", "using AltruistManager.Probing;", "Scheduling knows no feature")]
    [InlineData("AltruistManager/Accounts/A.cs", "using AltruistManager.Altruists;", "Accounts knows only Storage")]
    [InlineData("AltruistManager/Accounts/A.cs", "using AltruistManager.Scheduling;", "Accounts knows only Storage")]
    [InlineData("AltruistManager/Selection/A.cs", "using AltruistManager.Web.Api;", "the core knows nothing of the process")]
    [InlineData("AltruistManager/Selection/A.cs", "using AltruistManager.Simulator;", "the core knows nothing of the process")]
    [InlineData("AltruistManager/Common/A.cs", "", "Common is no room of the layout")]
    [InlineData("AltruistManager.Web/Helpers/A.cs", "", "Helpers is no room of the process edge")]
    [InlineData("AltruistManager.Web/Api/A.cs", "using AltruistManager.Web.Ui.Pages;", "Api and Ui do not know each other")]
    [InlineData("AltruistManager.Web/Ui/Pages/A.razor", "@using AltruistManager.Web.Api", "Api and Ui do not know each other")]
    [InlineData("AltruistManager.Simulator/A.cs", "using AltruistManager.Chains;", "AltruistManager.Simulator references nothing of ours")]
    [InlineData("AltruistManager.Client/A.cs", "using AltruistManager.Selection;", "AltruistManager.Client references nothing of ours")]
    [InlineData("AltruistManager/Health/A.cs", "var a = \"select state from verdicts\";", "SQL belongs in a *Store.cs")]
    [InlineData("AltruistManager/Health/A.cs", "var a = \"\"\"\n    with last as (\n    select 1)\n    \"\"\";", "SQL belongs in a *Store.cs")]
    [InlineData("AltruistManager/Health/A.cs", "var a = $\"update verdicts v set state = {x}\";", "SQL belongs in a *Store.cs")]
    [InlineData("AltruistManager.Web/Api/A.cs", "var a = @\"insert into verdicts values (1)\";", "SQL belongs in a *Store.cs")]
    [InlineData("AltruistManager/Health/A.cs", "using Dapper;", "talking to the database belongs in a *Store.cs")]
    [InlineData("AltruistManager/Probing/Sweeper.cs", "using Quartz;", "only *Job.cs files and Scheduling/ know it")]
    [InlineData("AltruistManager.Web/Program.cs", "using Radzen;", "only Ui/ knows it")]
    [InlineData("AltruistManager/Selection/Selector.cs", "class Selector(TimeProvider time);", "deciding is pure")]
    [InlineData("AltruistManager/Health/A.cs", "namespace AltruistManager.Probing;", "the folder says AltruistManager.Health")]
    public void Violation_is_found(string path, string text, string says)
    {
        var violations = Check(path, text);

        Assert.Contains(violations, violation => violation.StartsWith(path, StringComparison.Ordinal) && violation.Contains(says, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("AltruistManager/Selection/A.cs", "using AltruistManager.Health;")]
    [InlineData("AltruistManager/Selection/A.cs", "using AltruistManager.Accounts;")]
    [InlineData("AltruistManager/Scheduling/A.cs", "using AltruistManager.Storage;")]
    [InlineData("AltruistManager/Selection/A.cs", "class A { Health.Verdict? verdict; }")]
    [InlineData("AltruistManager/Chains/A.cs", "// using AltruistManager.Health;\n/* Health.Verdict */")]
    [InlineData("AltruistManager/Chains/A.cs", "class A { int a = Health.Count; int b = roster.Health.Verdict; }")]
    [InlineData("AltruistManager/Selection/DecisionStore.cs", "using Dapper; class A { string a = \"select 1 from slots\"; }")]
    [InlineData("AltruistManager/Probing/ProbeJob.cs", "using Quartz;")]
    [InlineData("AltruistManager.Web/Api/A.cs", "var a = \"select a chain, then a region\"; var b = \"with its reason\"; var c = \"update the label\";")]
    [InlineData("AltruistManager.Web/Commands/A.cs", "using AltruistManager.Simulator; using AltruistManager.Web.Api; using AltruistManager.Web.Ui;")]
    [InlineData("AltruistManager/Wiring.cs", "using AltruistManager.Chains; using AltruistManager.Selection;")]
    public void What_the_layout_allows_is_no_violation(string path, string text) => Assert.Empty(Check(path, text));

    [Fact]
    public void Only_the_process_references_other_projects()
    {
        const string Reference = """<ProjectReference Include="../AltruistManager/AltruistManager.csproj" />""";

        Assert.Empty(LayoutRules.CheckProject("AltruistManager.Web/AltruistManager.Web.csproj", Reference));
        Assert.Single(LayoutRules.CheckProject("AltruistManager.Simulator/AltruistManager.Simulator.csproj", Reference));
        Assert.Single(LayoutRules.CheckProject("AltruistManager/AltruistManager.csproj", """<Using Include="AltruistManager.Selection" />"""));
    }

    private static IReadOnlyList<string> Check(string path, string text)
    {
        var folder = Path.GetDirectoryName(path)!.Replace('/', '.').Replace('\\', '.');
        var withNamespace = text.Contains("namespace ", StringComparison.Ordinal) ? text : $"namespace {folder};\n{text}";
        return LayoutRules.Check(
        [
            new SourceFile(path, withNamespace),
            new SourceFile("AltruistManager/Health/Verdict.cs", "namespace AltruistManager.Health; public sealed record Verdict;"),
        ]);
    }
}
